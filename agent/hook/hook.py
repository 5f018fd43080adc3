"""What the hook in a step does when the agent asks for it. Python 3.6 to 3.14.

The agent sends this file over the hook's socket (include/hello.h) before the
first word that needs it; sitecustomize.py runs it once, with its own functions
as globals: hook, message, parse, receive, send, connect, drop, free_waiting,
in_child.
It calls serve(), in the main thread while the step is held, in the hook's own
thread afterwards.
"""
import _thread
import os
import sys

SLACK_SECONDS = 0.2         # how much later than the agent the hook gives up
REGAIN_SECONDS = 2.0        # how long a hold looks for an agent that is gone
ATTACH_SECONDS = 30.2       # how long a client has from attach to ready
POLL_SECONDS = 0.01
URGENT = ("path", "postmortem", "hold", "say")  # of a thread that stands, too
NOTICE_SECONDS = 1.0        # pydevd has to notice that the agent is gone
START_SECONDS = 2.0         # pydevd in a child that has been let go
TEXT_MAX = 500
# Up to 3.11 pydevd traces by sys.settrace, later by sys.monitoring.
TRACES = sys.version_info < (3, 12)
COUNTS = sys.version_info < (3, 10)     # see counted_settrace
CODE = sys._getframe().f_code           # this file's, with all that is in it
# debugpy before this cannot trace other threads on 3.11.
LATE_311 = (1, 6, 4)


class state:
    """What the hook knows besides what sitecustomize.py's `hook` holds."""
    queue = []           # messages that came while another was waited for
    deadline = None      # when the hook ends the hold by itself
    grace = ATTACH_SECONDS  # seconds that attaching may still delay it
    held = False         # serve() runs in the main thread
    hold_ended = False   # by the hook: what the agent says of it comes late
    path = None          # a directory with a debugpy for those without one
    forks = False        # pydevd tells us of them
    patching = None      # pydevd's own switch for tracing child processes
    settrace = hook.settrace if COUNTS else None  # Python's own sys.settrace
    traces = hook.traces or None  # by how much pydevd changed the
                         # interpreter's count; None: that has been made good
    callbacks = {}       # what pydevd registered with sys.monitoring, by event
    events = 0           # and which events it wanted everywhere
    tracers = set()      # threads that the step itself traces since then
    attaching = False    # the hook's thread waits for a client to get ready
    over = None          # a lock, released when a thread that stands at its
                         # exception has waited enough
    shown = False        # with a client: show it the exception
    stopped = False      # that is going on
    foreign = None       # how the step connected a debugger of its own
    waiting = 0          # threads that wait by a call of the script's own


class GaveUp(BaseException):
    """Attaching was called off; nothing but our own code catches it."""


class Refused(Exception):
    """The reason is the whole answer."""


# ---- messages ----

def next_message(deadline=None):
    return state.queue.pop(0) if state.queue else message(deadline)


def called_off():
    """Wait a moment for the agent; true when it wants an attach to end, or is
    gone. All that comes is kept for later."""
    try:
        receive(hook.clock() + POLL_SECONDS)
    except (EOFError, OSError):
        return True          # whoever reads next sees it again
    found = parse()
    while found:
        if found[0] in URGENT:
            obey(*found)
        else:
            state.queue.append(found)
        found = parse()
    return any(verb in ("cancel", "go") for verb, _, _ in state.queue)


def stdout_is_there():
    """Descriptor 1 may be something else by now."""
    try:
        return sys.__stdout__.fileno() == 1
    except (AttributeError, OSError, ValueError):
        return False


def say(data):
    if not stdout_is_there():
        return
    while data:
        try:
            data = data[os.write(1, data):]
        except BlockingIOError:
            hook.sleep(0.01)
        except OSError:
            return


def one_line(error):
    text = str(error)
    if not isinstance(error, Refused):
        text = "%s: %s" % (type(error).__name__, text)
    return " ".join(text.split())[:TEXT_MAX]


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
    who asked for its log gets it."""
    if any(os.environ.get(name) for name in ("PYDEVD_DEBUG", "DEBUGPY_LOG_DIR",
                                             "PYDEVD_DEBUG_FILE")):
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


# ---- tracing ----

class DoNotPatch:
    apply_arg_patching = False


def follow_children(on):
    """Children of the step are traced too while a client is here. Without one
    they start as if there was no debugger."""
    from _pydev_bundle import pydev_monkey
    switch = getattr(pydev_monkey, "_arg_patch", None)
    if switch is None:
        return
    if switch is not DoNotPatch:
        state.patching = switch
    pydev_monkey._arg_patch = state.patching if on else DoNotPatch


def watch_children():
    """A forked child connects to the agent at once, inside of os.fork(): one
    that finds it gone shall run like any other. And Python 3.6 tells nobody
    of a fork, so that pydevd has to tell us."""
    import pydevd
    usual = pydevd.settrace_forked
    if state.forks:
        return
    state.forks = True

    def settrace_forked(**more):
        if not hasattr(os, "register_at_fork"):
            in_child()
        silence_pydevd()
        try:
            usual(**more)
        except (Exception, SystemExit):
            pydevd.set_global_debugger(None)
            undo()

    pydevd.settrace_forked = settrace_forked


def counted_settrace(function):
    """In the place of sys.settrace for pydevd, up to Python 3.9. There the
    interpreter counts the threads that trace, and runs all code slower unless
    that is 0; pydevd counts up more often than down."""
    before = sys.gettrace() is not None
    state.settrace(function)
    change = (function is not None) - before
    if state.traces is not None:
        state.traces.append(change)
    elif change < 0 and _thread.get_ident() not in state.tracers:
        # One that pay_back() has paid for: up again, by a thread that ends.
        hook.start(state.settrace, (follow_none,))
    elif change:
        (state.tracers.add if change > 0 else state.tracers.discard)(
            _thread.get_ident())


def count_traces():
    """From here on; what a program itself traces does not concern us."""
    from pydevd_tracing import TracingFunctionHolder
    if not COUNTS:
        return
    state.traces = state.traces or []
    if TracingFunctionHolder._original_tracing is None and not state.settrace:
        state.settrace = sys.settrace
        sys.settrace = counted_settrace      # from here pydevd takes it


def pay_back():
    """Bring the interpreter's count to where it was: setting a trace function
    by pydevd's library does not count, taking it away does. Some threads, such
    as pydevd's own, wake later and take theirs away then."""
    import ctypes
    import pydevd_tracing
    library = pydevd_tracing._load_python_helper_lib()
    if not COUNTS or not library:
        return
    traces, state.traces = state.traces, None
    for _ in range(sum(traces or ())):
        library.AttachDebuggerTracing(
            ctypes.c_int(0), ctypes.py_object(state.settrace),
            ctypes.py_object(follow_none), ctypes.c_uint(_thread.get_ident()),
            ctypes.py_object(None))
        state.settrace(None)


def follow_none(frame, event, arg):
    return None


def traced_frames():
    """The uppermost frame of each thread but ours and pydevd's."""
    import threading
    frames = sys._current_frames()
    frames.pop(_thread.get_ident(), None)
    return {ident: frame for ident, frame in frames.items() if not getattr(
        threading._active.get(ident), "pydev_do_not_trace", False)}


def is_pydevds(frame):
    import pydevd_tracing
    return frame.f_code.co_filename.startswith(
        os.path.dirname(pydevd_tracing.__file__) + os.sep)


def stop_frame_evaluation():
    """In children that are debugged from their start, pydevd has each frame
    evaluated by a function of its own; being traced again brings it back."""
    from _pydevd_frame_eval import pydevd_frame_eval_main
    stop = getattr(pydevd_frame_eval_main, "stop_frame_eval", None)
    if stop:
        stop()


def keep_code():
    """That function leaves something with the code that it evaluates. Python
    3.6 hangs when it frees such code at its end, with a frame of a thread that
    still runs; so this file's is never freed."""
    import ctypes
    if sys.version_info < (3, 7):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(CODE))


def leave(frame):
    while frame is not None:
        frame.f_trace = None
        frame = frame.f_back


def ask_to_stop(stopped):
    """Each thread that is not in `stopped`, which it then joins. False: there
    is none."""
    import pydevd_tracing

    def off(frame, event, arg):  # runs once in each thread, at its next call
        if is_pydevds(frame):    # or, in its uppermost frame, line
            return               # about to trace: what is set now is lost
        pydevd_tracing.SetTrace(None)
        stopped.add(_thread.get_ident())
        leave(frame)

    running = {ident: frame for ident, frame in traced_frames().items()
               if ident not in stopped}
    if running:
        pydevd_tracing.set_trace_to_threads(off, thread_idents=list(running))
    for frame in running.values():
        leave(frame)
        frame.f_trace = off
    return bool(running)


def stop_tracing():
    """Up to Python 3.11: give the step its full speed back. What pydevd does
    at a thread's first traced call may put its own function in the place of
    ours: look whether ours came to run, and try again where it did not. A
    thread that stands in native code stops tracing at its next call."""
    stopped = set()
    keep_code()
    for pause in (0.01, 0.02, 0.04, 0.08, 0.16, 0.32):
        if not ask_to_stop(stopped):
            break
        hook.sleep(pause)     # with nothing of theirs in our hands: keep_code
    stop_frame_evaluation()
    pay_back()


def disable(*_):
    return sys.monitoring.DISABLE


def stop_monitoring():
    """From Python 3.12 on: each place in the code that still reports to pydevd
    switches itself off the first time that it is passed."""
    monitoring = sys.monitoring
    tool = monitoring.DEBUGGER_ID
    for pause in (0, 0.01, 0.02, 0.04, 0.08):
        hook.sleep(pause)    # pydevd may not be done with the disconnect
        if not monitoring.get_tool(tool):
            return
        for name in ("PY_START", "PY_RESUME", "PY_RETURN", "LINE", "JUMP"):
            event = getattr(monitoring.events, name)
            old = monitoring.register_callback(tool, event, disable)
            if old is not disable:
                state.callbacks[event] = old
        state.events |= monitoring.get_events(tool)
        monitoring.set_events(tool, 0)


def start_monitoring():
    """Give pydevd back what stop_monitoring() took."""
    monitoring = sys.monitoring
    tool = monitoring.DEBUGGER_ID
    callbacks, state.callbacks = state.callbacks, {}
    events, state.events = state.events, 0
    if not callbacks or not monitoring.get_tool(tool):
        return
    for event, callback in callbacks.items():
        monitoring.register_callback(tool, event, callback)
    monitoring.set_events(tool, events)
    monitoring.restart_events()


def hide_hook(debugger):
    """The debugger shall not show the frames of this file's or of
    sitecustomize.py, nor stop at what they raise."""
    import debugpy
    from _pydevd_bundle.pydevd_api import PyDevdAPI
    PyDevdAPI().set_dont_trace_start_end_patterns(
        debugger, (os.path.dirname(debugpy.__file__), hook.place, "<pitstop"),
        ("debugpy_launcher.py",))


def is_bottom(frame):
    return frame.f_back is None and frame.f_code.co_name in (
        "<module>", "_run_module_as_main")


def trace_from_script():
    """Up to Python 3.11, in the main thread before the script: pydevd takes
    the first frame that it sees for the thread's bottom one and looks there
    for uncaught exceptions. Let that be the script's and not one of site's."""
    from pydevd_tracing import SetTrace
    from _pydevd_bundle.pydevd_constants import get_global_debugger

    def start(frame, event, arg):
        if not is_bottom(frame):
            return None
        debugger = get_global_debugger()
        if debugger is None:
            SetTrace(None)
            return None
        debugger.enable_tracing()
        return debugger.trace_dispatch(frame, event, arg)

    SetTrace(start)
    frame = sys._getframe()
    while frame is not None:
        frame.f_trace = None
        frame = frame.f_back


def begin_script():
    """The hold is over; with a client the script is traced from its start."""
    if "pydevd" not in sys.modules:
        return
    from _pydevd_bundle.pydevd_constants import get_global_debugger
    debugger = get_global_debugger()
    if debugger is None:
        return
    hide_hook(debugger)
    if TRACES:
        trace_from_script()


def is_starting():
    """In a debugged process's child, pydevd sets out to trace it only after
    its wait for a client is over."""
    frame = sys._current_frames().get(hook.main)
    while frame is not None:
        if frame.f_code.co_name == "_exec":       # the child's own program
            return False
        if (frame.f_code.co_name in ("_locked_settrace", "main") and
                os.path.basename(frame.f_code.co_filename) == "pydevd.py"):
            return True
        frame = frame.f_back
    return False


def untrace():
    if "pydevd" not in sys.modules:
        return
    limit = hook.clock() + START_SECONDS
    while is_starting() and hook.clock() < limit:
        hook.sleep(0.005)
    follow_children(False)
    if TRACES:
        stop_tracing()
    else:
        stop_monitoring()


def retrace(children):
    from _pydevd_bundle.pydevd_constants import get_global_debugger
    debugger = get_global_debugger()
    if debugger is None:
        raise Refused("the debugger is gone")
    follow_children(children)
    count_traces()
    if TRACES:
        debugger.enable_tracing(debugger.trace_dispatch,
                                apply_to_all_threads=True)
        debugger.set_tracing_for_untraced_contexts()
    else:
        start_monitoring()


def forget_stops():
    """A thread that stood at a breakpoint when the connection broke runs, but
    is still marked as suspended: it would stop for the next client at once."""
    import threading
    for thread in threading.enumerate():
        info = getattr(thread, "additional_info", None)
        if info is not None:
            let_run(info)


def let_run(info):
    info.pydev_state = 1      # pydevd's STATE_RUN
    info.pydev_step_cmd = info.pydev_original_step_cmd = -1
    info.pydev_step_stop = None


def end_show():
    """Nobody looks at the exception any more: the thread that stands in the
    debugger, or is about to, goes on."""
    state.shown = False
    until = hook.clock() + NOTICE_SECONDS
    while state.stopped and hook.clock() < until:
        forget_stops()
        hook.sleep(0.01)


def agent_is_lost():
    """pydevd lets the step run when its connection breaks; what is left of
    the debugger goes here."""
    if "pydevd" not in sys.modules or state.foreign:
        return
    from _pydevd_bundle.pydevd_constants import get_global_debugger
    follow_children(False)       # they would end: nobody to connect to
    until = hook.clock() + NOTICE_SECONDS
    while get_global_debugger() is not None and hook.clock() < until:
        hook.sleep(0.01)
    free_waiting()
    forget_stops()
    end_show()
    untrace()


# ---- the agent's words ----

def is_awaited():
    """At a crash: the thread still stands there, and a debugger can come."""
    if hook.crash and not can_start_threads():    # postmortem.py
        say(b"pitstop: not held: Python is ending and starts no more threads, "
            b"which a debugger needs\n")
        free_thread(False)
    if not hook.crash:
        send("passed")
    return hook.crash is not None


def do_hold(text, _):
    """A hold that goes on after the agent was lost keeps its own deadline."""
    if not (state.held or state.waiting or is_awaited()):
        return
    directory = package_directory()
    if not directory:
        send("nodebugger")
        return
    left = hook.clock() + float(text)
    if hook.left is not None:
        left = min(left, hook.left)
    set_hold(left)
    if state.held:
        os.environ["PITSTOP_HELD"] = str(os.getpid())
    send("ready " + debugpy_version(directory))


def set_hold(left):
    hook.left = left
    state.deadline = left + SLACK_SECONDS


def do_extend(text, _):
    if hook.left is not None:
        set_hold(hook.clock() + float(text))


def do_path(text, _):
    state.path = text


def do_say(_, data):
    if not state.hold_ended:
        say(data)


def do_go(_, __):
    state.hold_ended = False
    free_thread(False)


def do_postmortem(_, source):
    """A thread has asked what to do about its exception: it is to stand."""
    if not hook.crash:
        return
    if "stand" not in globals():
        exec(compile(source, "<frozen pitstop>", "exec", 0, True), globals())
    state.hold_ended = state.shown = False
    state.over = hook.lock()
    state.over.acquire()
    hook.stand, hook.show = globals()["stand"], globals()["show"]
    hook.word.release()


def do_show(_, __):
    free_thread(True)


def do_pass(_, __):
    """Another thread waits for a client, which goes on."""
    free_thread(False)


def free_thread(shown):
    """It has waited enough at its exception."""
    if not hook.crash:
        return
    hook.crash, state.shown = None, shown
    for lock in (hook.word, state.over):
        if lock and lock.locked():
            lock.release()


def do_adopt(_, source):
    """The script brings a debugger: adopt.py goes on where this file ends."""
    if not hook.adopt:
        exec(compile(source, "<frozen pitstop>", "exec", 0, True), globals())


def do_attach(text, _):
    host, port, token, *alone = text.split(" ")
    began = hook.clock()
    limit = began + ATTACH_SECONDS
    if state.deadline:
        limit = min(limit, state.deadline + state.grace)
    state.attaching = True
    try:
        connect_debugpy(host, int(port), token, not alone, limit)
    except BaseException:
        undo()
        raise
    finally:
        state.queue[:] = [m for m in state.queue if m[0] != "cancel"]
        left, state.attaching = hook.left, False
        if left is not None:
            spent = min(state.grace, hook.clock() - began)
            state.grace -= spent
            set_hold(left + spent)
    send("connected")


def do_adopted(_, __):
    """We are a child of a debugged process, and connected. Not before pydevd
    goes by its name, which it may have begun without, as a script, is it to
    be imported: that would be a second one."""
    limit = hook.clock() + START_SECONDS
    while "pydevd" not in sys.modules and hook.clock() < limit:
        hook.sleep(0.005)
    if "pydevd" in sys.modules:
        hide_from_pydevd()
        silence_pydevd()
        watch_children()


def do_untrace(_, __):
    end_show()
    untrace()
    send("untraced")


def do_retrace(alone, _):
    retrace(not alone)
    send("retraced")


VERBS = {
    "hold": do_hold,
    "extend": do_extend,
    "path": do_path,
    "say": do_say,
    "go": do_go,
    "attach": do_attach,
    "postmortem": do_postmortem,
    "show": do_show,
    "pass": do_pass,
    "adopt": do_adopt,
    "adopted": do_adopted,
    "untrace": do_untrace,
    "retrace": do_retrace,
}


def obey(verb, text, data):
    """Whatever goes wrong is an answer, if the agent counts on one; OSError or
    EOFError when there is nobody to answer to."""
    action = VERBS.get(verb)
    if not action:
        return
    try:
        action(text, data)
    except (Exception, SystemExit, GaveUp) as error:
        if verb in ("attach", "retrace"):
            send("failed " + one_line(error))


# ---- in a hold, in the main thread ----

def end_hold(why):
    say(("Debugger attached = False\npitstop: %s; the step runs on\n"
         % why).encode())
    state.hold_ended = True


def regain():
    """A new agent, if one comes soon; the socket queues us before it is up."""
    agent_is_lost()
    state.queue[:] = []
    until = hook.clock() + REGAIN_SECONDS
    while True:
        drop()
        hook.sleep(0.05)
        try:
            connect("start" if hook.left is None else "again")
            return True
        except OSError:
            if hook.clock() > until:
                return False


def is_overdue(deadline):
    """Also under an agent that throws us out, or talks without end. What lets
    us go at the last moment may still be on its way."""
    return hook.clock() > (state.deadline or deadline) + SLACK_SECONDS


def hold_messages(deadline):
    while not is_overdue(deadline):
        try:
            found = next_message(state.deadline or deadline)
            if not found:
                break
            if found[0] == "go":
                return ""
            obey(*found)
        except (EOFError, OSError):
            if not regain():
                return "the agent is gone"
    return "the time is up" if state.deadline else None


def serve_hold(deadline):
    state.held = True
    try:
        why = hold_messages(deadline)
    finally:
        was_held = hook.left is not None
        state.held, state.deadline, hook.left = False, None, None
    if why is None or (why and not was_held):
        return False
    if why:
        end_hold(why)
    try:
        begin_script()
    except Exception:
        pass
    return True


# ---- beside the running step, in the hook's thread ----

def serve_thread():
    if "pydevd" in sys.modules:      # since a hold, or in a debugged child
        hide_from_pydevd()
    try:
        while True:
            obey(*next_message())
    finally:
        state.queue[:] = []
        agent_is_lost()


def forked():
    """In a child: nothing that the parent was in is going on."""
    state.queue[:] = []
    state.held, state.hold_ended, state.deadline = False, False, None
    state.stopped = False


def serve(deadline):
    """Do what the agent says; see follow() in sitecustomize.py."""
    if deadline:
        return serve_hold(deadline)
    return serve_thread()
