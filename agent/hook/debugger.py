"""debugpy in the step: find it, load it and connect it to the agent.

Part of hook.py, which is sent and run together with this: it has the imports
and the constants.
"""

# ---- finding debugpy ----

def find_spec(name, path=None):
    """What importlib.util.find_spec does, without importing that."""
    for finder in list(sys.meta_path):
        try:
            spec = finder.find_spec(name, path)
        except Exception:    # an old or a broken one of the step's
            continue
        if spec:
            return spec
    return None


def package_directory():
    spec = sys.modules.get("debugpy") and sys.modules["debugpy"].__spec__
    spec = spec or find_spec("debugpy")
    if not spec and state.path:
        spec = find_spec("debugpy", [state.path])
    return os.path.dirname(spec.origin) if spec and spec.origin else None


def debugpy_version(directory):
    """As text, "?" when it cannot be told without importing it."""
    try:
        with open(os.path.join(directory, "_version.py"), "rb") as f:
            text = f.read().decode("utf-8", "replace")
    except OSError:
        return "?"
    return (text.partition('"version": "')[2].partition('"')[0] or "?").strip()


def tell_version():
    """The agent is asked for it, and is to know before a client is in."""
    place = sys.modules["pydevd"].__file__    # debugpy/_vendored/pydevd/
    for _ in range(3):
        place = os.path.dirname(place)
    send("debugpy " + debugpy_version(place))


# ---- an attach from the hook's own thread ----

def import_threading_as_main():
    """threading takes the thread that imports it first for the main thread:
    lend ours the main thread's identity, in that module's own code alone.
    importlib asks for it at each module's lock: there it would let us into
    what the step is importing, and the step into what we are."""
    if "threading" in sys.modules:
        return
    import reprlib    # keeps the function that it finds  # noqa: F401
    real, ours = _thread.get_ident, _thread.get_ident()

    def get_ident():
        ident = real()
        asks = sys._getframe(1).f_globals.get("__name__")
        return hook.main if (ident, asks) == (ours, "threading") else ident

    _thread.get_ident = get_ident
    try:
        import threading
    finally:
        _thread.get_ident = real
    for name in ("get_ident", "_get_ident"):
        if hasattr(threading, name):
            setattr(threading, name, real)
    give_main_its_lock(threading)


def give_main_its_lock(threading):
    """Up to 3.12 a thread has a lock that is released at its end; this one is
    bound to the thread that imported, and would not be at main's."""
    main = threading._main_thread
    old = getattr(main, "_tstate_lock", None)
    if old is None:
        return
    main._tstate_lock = _thread.allocate_lock()
    main._tstate_lock.acquire()
    if hasattr(threading, "_shutdown_locks"):
        threading._shutdown_locks.discard(old)


def hide_from_pydevd():
    import threading
    me = threading.current_thread()
    me.pydev_do_not_trace = me.is_pydev_daemon_thread = True


def check_late(directory):
    """On 3.11 an old debugpy cannot trace other threads."""
    version = debugpy_version(directory)
    numbers = tuple(int(n) for n in version.split(".")[:3] if n.isdigit())
    if sys.version_info[:2] == (3, 11) and numbers and numbers < LATE_311:
        raise Refused("a late attach on Python 3.11 needs debugpy 1.6.4 or "
                      "newer, this is %s" % version)


# ---- loading and connecting debugpy ----

def is_debuggers(name):
    return name.startswith(("PYDEVD_", "DEBUGPY_"))


class environment_kept:
    """Neither the step nor its children see what debugpy sets. (Not by
    contextlib: that would be a lot to import into a step.)"""

    def __enter__(self):
        self.before = {k: v for k, v in os.environ.items() if is_debuggers(k)}
        os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"

    def __exit__(self, *exception):
        for name in [k for k in os.environ if is_debuggers(k)]:
            if name not in self.before:
                del os.environ[name]
        os.environ.update(self.before)


def import_debugpy(directory):
    """`directory` is put at the end of sys.path meanwhile, if it is one."""
    if directory:
        sys.path.append(directory)
    try:
        import debugpy
        import debugpy.server  # puts pydevd on the path; by itself, or Python
        import debugpy.server.api  # would not wait for a step that is at it
    finally:
        if directory in sys.path:
            sys.path.remove(directory)
    return debugpy


class Silent:
    """Where pydevd's complaints go."""
    encoding = "utf-8"

    def write(self, text):
        pass

    def flush(self):
        pass


def silence_pydevd():
    """It writes of lost connections to the step's standard error. Somebody
    who asked for its log, by the environment or debugpy.log_to(), gets it."""
    from _pydevd_bundle.pydevd_constants import DebugInfoHolder
    if DebugInfoHolder.PYDEVD_DEBUG_FILE or any(
            os.environ.get(name) for name in ("PYDEVD_DEBUG",
                                              "DEBUGPY_LOG_DIR")):
        return
    from _pydev_bundle import pydev_log
    stream = getattr(pydev_log, "_LoggingGlobals", None)
    if stream is not None:
        stream._debug_stream = Silent()
        stream._debug_stream_initialized = True


def load_debugpy():
    """Import it, from the bundled directory where the step has none."""
    directory = package_directory()
    if not directory:
        raise Refused("no debugpy in %s" % sys.executable)
    if not state.held:
        check_late(directory)
        import_threading_as_main()
        hide_from_pydevd()
    bundled = state.path if directory == os.path.join(
        state.path or "", "debugpy") else None
    debugpy = import_debugpy(bundled)
    silence_pydevd()
    return debugpy


def refuse_foreign(debugpy):
    """The step may run a debugger of its own."""
    listen = debugpy.server.api.listen
    if getattr(listen, "called", False):
        state.foreign = "listen"
    if state.foreign:
        raise Refused("the step called debugpy.%s() itself" % state.foreign)


def hang_up(debugger):
    """pydevd leaves it to the other side to close, or closes a descriptor
    that its reader waits at, which the other side does not notice."""
    import socket
    try:
        debugger.writer.sock.shutdown(socket.SHUT_RDWR)
    except (AttributeError, OSError):
        pass


def forget_connection():
    """Close what an earlier attach has left, so that pydevd makes a new
    connection, and children are told its address and not the old one."""
    import pydevd
    from _pydevd_bundle.pydevd_constants import get_global_debugger
    old = get_global_debugger()
    if old is not None:
        hang_up(old)
        old.dispose_and_kill_all_pydevd_threads(wait=False)
    if get_global_debugger() is not None:
        pydevd.set_global_debugger(None)
    pydevd.SetupHolder.setup = None


def waiting_until(limit):
    """A method for PyDB, in the place of its endless wait, that gives up. A
    child that is forked meanwhile waits as usual."""
    import pydevd
    usual = pydevd.PyDB.wait_for_ready_to_run
    me = os.getpid(), _thread.get_ident()

    def wait_until_ready(self):
        if (os.getpid(), _thread.get_ident()) != me:
            return usual(self)
        while not self.ready_to_run:
            off = called_off() or hook.clock() > limit
            if off and not self.ready_to_run:   # the agent's `go` follows on
                raise GaveUp("called off")      # ready_to_run, never before
            self.process_internal_commands()
        return None

    return wait_until_ready


def starting_threads():
    """A method for PyDB: the threads that it starts after the wait for a
    client. It does so too when the connection broke meanwhile and all is
    closed down: nobody would end them then, and one keeps Python from ending.
    (threading.enumerate() does not show them.)"""
    import pydevd
    import threading
    usual = pydevd.PyDB.start_auxiliary_daemon_threads

    def start_threads(self):
        usual(self)
        if self.pydb_disposed:
            for thread in list(threading._active.values()):
                if hasattr(thread, "do_kill_pydev_thread"):
                    thread.do_kill_pydev_thread()

    return start_threads


class bounded_wait:
    """pydevd's endless wait for a client ends, at the latest at `limit`, and
    leaves nothing behind."""

    def __init__(self, limit):
        self.limit = limit

    def __enter__(self):
        from pydevd import PyDB
        self.usual = PyDB.wait_for_ready_to_run, \
            PyDB.start_auxiliary_daemon_threads
        PyDB.wait_for_ready_to_run = waiting_until(self.limit)
        PyDB.start_auxiliary_daemon_threads = starting_threads()

    def __exit__(self, *exception):
        from pydevd import PyDB
        PyDB.wait_for_ready_to_run, \
            PyDB.start_auxiliary_daemon_threads = self.usual


class Events(dict):
    """pydevd has an event for each thread, which wakes it when it is to step.
    In 1.8 it sets any thread's and not the right one's when there are several
    (a variable is used twice in _update_stepping_info), and the step comes by
    time-out, 200 ms later. Here each sets all: who wakes for nothing goes on
    waiting. `kind` is pydevd's own: a step may have threading's replaced."""

    def __init__(self, kind):
        class Event(kind):
            def set(_):
                for event in list(self.values()):
                    kind.set(event)

        self.kind = Event

    def __missing__(self, thread_id):
        return self.setdefault(thread_id, self.kind())


def wake_right():
    from _pydevd_bundle.pydevd_constants import get_global_debugger
    debugger = get_global_debugger()
    kind = getattr(getattr(debugger, "_thread_events", None),
                   "default_factory", None)
    if kind:
        debugger._thread_events = Events(kind)


def connect_debugpy(host, port, token, children, limit):
    """Returns when the client has configured its session."""
    with environment_kept():
        debugpy = load_debugpy()
        refuse_foreign(debugpy)
        tell_version()
        forget_connection()
        follow_children(children)
        watch_children()
        count_traces()
        if not TRACES:
            start_monitoring()
        with bounded_wait(limit):
            debugpy.server.api.connect((host, port), access_token=token)
        wake_right()


def undo():
    """After an attach that came to nothing."""
    if "pydevd" not in sys.modules:
        return
    forget_connection()
    follow_children(False)
    import pydevd_tracing
    pydevd_tracing.restore_sys_set_trace_func()
    if sys.settrace is counted_settrace:
        sys.settrace = state.settrace
