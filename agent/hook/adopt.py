"""What a debugger does that the script itself brings. Python 3.6 to 3.14.

A script may call debugpy or ptvsd by itself. Here those calls lead to the
agent: to listen is to be attachable, which the step is anyway; to wait is a
hold at that place, with its lines and its deadline. Nothing is listened to,
and no debugger is loaded before somebody attaches.

The agent sends this file (include/hello.h) when the script imports one of the
two, and before it has hook.py load debugpy. It runs once, in the namespace of
hook.py. What a script calls waits for the hook's thread, which goes on to
obey the agent meanwhile.
"""
CLIENT_SECONDS = 31.0       # how long a client that is on its way in may put
                            # off the end of a wait
NO_LONGER = "the script waits no longer"
FLUSH = ("stdout", "stderr")
PTVSD_VERSION = "4.3.2"     # the last one that was
LISTENS_ONCE = (1, 8, 10)   # from this debugpy on; ptvsd knows no such thing


class adopted:
    turn = 0            # counts the agent's words that end a wait
    patience = 0.0      # until when a client may be on its way
    attaching = False   # hook.py is at it; the client may be in already, and
                        # the script not yet traced
    tracing = {}        # what ptvsd.tracing() said, by thread


def note(text):
    say(("pitstop: %s\n" % text).encode())


def tell(line):
    """An agent that dies is back soon, or never."""
    until = hook.clock() + REGAIN_SECONDS
    while hook.thread and hook.clock() < until:
        try:
            return send(line)
        except (EOFError, OSError):
            hook.sleep(POLL_SECONDS)


def is_connected():
    """A client is in, by pitstop or, in a debugged process's child, by its
    parent."""
    attached = getattr(sys.modules.get("pydevd"), "_is_attached", None)
    return bool(attached and attached() and not adopted.attaching)


def has_debugger():
    """pydevd has a connection, with a client or without."""
    constants = sys.modules.get("_pydevd_bundle.pydevd_constants")
    get = getattr(constants, "get_global_debugger", None)
    return get is not None and get() is not None


# ---- to listen ----

def flush_output():
    """What the script has printed comes before what the log says."""
    for name in FLUSH:
        try:
            getattr(sys, name).flush()
        except Exception:
            pass


def endpoint(address):
    try:
        host, port = address
    except (TypeError, ValueError):
        return "127.0.0.1", address
    return host, port


def hook_breakpoint():
    """The builtin breakpoint() as it is behind the debuggers' own listen():
    without a client it does nothing, where pdb would read standard input."""
    now = getattr(sys, "breakpointhook", None)      # Python 3.7
    if now and not os.environ.get("PYTHONBREAKPOINT") and (
            now is sys.__breakpointhook__ or now.__module__ == "pydevd"):
        sys.breakpointhook = break_here


def listen_at(call, address):
    """The address is that of the script's own words; where to connect says
    the log."""
    hook_breakpoint()
    flush_output()
    state.hold_ended = False
    if not hook.thread:
        note("%s(): the agent is gone, nobody can attach" % call)
    elif not is_connected():
        tell("listen " + call)
    return endpoint(address)


# ---- to wait ----

def setting():
    """The agent has the last word; this is for when there is none."""
    try:
        return float(os.environ.get("PITSTOP_TIMEOUT") or 300)
    except ValueError:
        return 300.0


def begin_wait(seconds):
    state.hold_ended, state.grace = False, ATTACH_SECONDS
    adopted.patience = 0.0
    hook.left = hook.clock() + (setting() if seconds is None else seconds)
    tell("wait" if seconds is None else "wait %d" % max(1, seconds * 1000))


def until_go(turn):
    """Why the wait ended without the agent's word."""
    while adopted.turn == turn:
        if not hook.thread:
            return "the agent is gone"
        if hook.clock() > max((hook.left or 0) + SLACK_SECONDS,
                              adopted.patience):
            return "the time is up"
        hook.sleep(POLL_SECONDS)
    return ""


def end_waits():
    adopted.turn += 1
    if not hook.crash:    # else another thread is held at its exception
        hook.left = state.deadline = None


def end_wait(why):
    """By ourselves. The agent learns of it, and has nothing to answer."""
    end_hold(why)
    end_waits()
    tell("release")


def wait(call, seconds):
    """A thread that comes while another waits joins its hold."""
    if is_connected() or (seconds is not None and seconds <= 0):
        return
    flush_output()
    if not hook.thread:
        note("%s(): the agent is gone; the step runs on" % call)
        return
    turn, why = adopted.turn, NO_LONGER
    state.waiting += 1
    try:
        if state.waiting == 1:
            begin_wait(seconds)
        why = until_go(turn)
    finally:                     # also by an exception, such as Ctrl-C
        state.waiting -= 1
        if adopted.turn == turn and not state.waiting:
            end_wait(why)


def stop_waiting():
    """As wait_for_client.cancel(), from another thread."""
    if state.waiting:
        end_wait(NO_LONGER)


def go_on(*words):
    do_go(*words)
    if not state.waiting:
        return
    try:
        if not is_connected():
            untrace()     # a client may have been half-way in
    finally:
        end_waits()


def show_and_go_on(*words):
    """A client has come, to a thread that stands at its exception."""
    do_show(*words)
    if state.waiting:
        end_waits()


def with_patience(action):
    def act(*words):
        adopted.patience = hook.clock() + CLIENT_SECONDS
        adopted.attaching = True
        try:
            action(*words)
        finally:
            adopted.attaching = False
    return act


def forked_with_waits():
    parents_forked()
    state.waiting, adopted.attaching = 0, False
    adopted.tracing.clear()


# ---- with a client ----

def break_here(*_, **__):
    """Stop in the first frame that is the script's own."""
    if is_connected():
        from debugpy.server import api
        api.breakpoint()


def when_connected(call):
    """These would look for a connection, or slow the step for nobody."""
    def act(*arguments, **more):
        if is_connected():
            return call(*arguments, **more)
    return act


# ---- debugpy ----

def listen(address, **_):
    if listen.called and listen.once:
        raise RuntimeError("debugpy.listen() has already been called on this "
                           "process")
    listen.called = True
    return listen_at("debugpy.listen", address)


listen.called = False


def wait_for_client():
    wait("debugpy.wait_for_client", None)


wait_for_client.cancel = stop_waiting


def connect_if_free(real):
    """The script's own adapter elsewhere keeps pitstop out, as it is kept out
    when pitstop was first."""
    def connect(address, *arguments, **more):
        if has_debugger():
            note("debugpy.connect(): there is a debugger already")
            return endpoint(address)
        state.foreign = "connect"
        try:
            return real(address, *arguments, **more)
        except BaseException:
            state.foreign = None
            raise
    return connect


def unless_too_late(real):
    """It fails when an attach through pitstop has begun the log."""
    def log_to(*arguments):
        try:
            real(*arguments)
        except RuntimeError as error:
            note("debugpy.log_to(): %s" % error)
    return log_to


def version(module):
    numbers = module.__version__.partition("+")[0].split(".")
    return tuple(int(n) for n in numbers if n.isdigit())


def take_debugpy(module):
    listen.once = version(module) >= LISTENS_ONCE
    module.listen = listen
    module.wait_for_client = wait_for_client
    module.is_client_connected = is_connected
    module.breakpoint = break_here
    module.connect = connect_if_free(module.connect)
    module.log_to = unless_too_late(module.log_to)
    for name in ("debug_this_thread", "trace_this_thread",
                 "trigger_exception_handler"):
        if hasattr(module, name):
            setattr(module, name, when_connected(getattr(module, name)))


def debugpy_spec(spec):
    """The environment's own, else the bundled one; ours once it is loaded."""
    bundled = os.environ.get("PITSTOP_DEBUGPY")
    if spec is None and bundled:
        spec = find_spec("debugpy", [bundled])
    if spec is None:
        return None
    loader = spec.loader
    real = loader.exec_module

    def exec_module(module):
        del loader.exec_module
        real(module)
        take_debugpy(module)

    loader.exec_module = exec_module
    return spec


# ---- ptvsd ----

def enable_attach(address=("0.0.0.0", 5678), redirect_output=None,
                  log_dir=None):
    return listen_at("ptvsd.enable_attach", address)


def attach(address, redirect_output=None, log_dir=None):
    """To a client that listens, which none does any more."""
    listen_at("ptvsd.attach", address)


def wait_for_attach(timeout=None):
    wait("ptvsd.wait_for_attach", timeout)


@when_connected
def debug_this_thread():
    from debugpy.server import api
    api.debug_this_thread()


def set_tracing(on):
    """For this thread; without a client there is nothing to set."""
    adopted.tracing.pop(_thread.get_ident(), None)
    if is_connected():
        from debugpy.server import api
        api.trace_this_thread(on)
        adopted.tracing[_thread.get_ident()] = on


class Restore:
    def __init__(self, before):
        self.before = before

    def __enter__(self):
        pass

    def __exit__(self, *_):
        set_tracing(self.before)


def tracing(should_trace=None):
    """The state when it is called with nothing; else the new one, until the
    end of the with-block, if it stands in one."""
    before = adopted.tracing.get(_thread.get_ident(), True) and is_connected()
    if should_trace is None:
        return before
    set_tracing(should_trace)
    return Restore(before)


PTVSD = {
    "__version__": PTVSD_VERSION,
    "__author__": "pitstop, in the place of ptvsd",
    "__all__": ["__version__", "__author__", "enable_attach",
                "wait_for_attach", "break_into_debugger", "is_attached"],
    "attach": attach,
    "break_into_debugger": break_here,
    "debug_this_thread": debug_this_thread,
    "enable_attach": enable_attach,
    "is_attached": is_connected,
    "tracing": tracing,
    "wait_for_attach": wait_for_attach,
}


class ptvsd_loader:
    """The real one would bring a pydevd that debugpy cannot do with, and
    listen where the agent does. So it is never loaded."""

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        module.__dict__.update(PTVSD)


def spec_of_debugger(name, spec):
    if name == "debugpy":
        return debugpy_spec(spec)
    return type(sys.__spec__)(name, ptvsd_loader, origin="pitstop")


parents_forked, forked = forked, forked_with_waits
VERBS["go"], VERBS["show"] = go_on, show_and_go_on
for word in ("attach", "retrace"):
    VERBS[word] = with_patience(VERBS[word])
hook.adopt = spec_of_debugger
