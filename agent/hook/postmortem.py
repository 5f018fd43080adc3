"""What a thread does that an exception is about to end and that is to be held
there. Python 3.6 to 3.14.

The agent sends this file when sitecustomize.py has said `crashed` and the
answer is to hold; hook.py runs it once, in its own namespace. stand() and
show() are for the thread that fails. The hook's thread meanwhile does what it
does beside any step that runs: it is where the debugger is connected.
"""

ENDING = ("SIGTERM", "SIGHUP")
WAKE_SECONDS = 0.05
ANSWER_SECONDS = 5.0        # for the agent to say how long to wait


def give_way(number, frame):
    raise GaveUp("signal %d" % number)


class signals_end_it:
    """A signal that would end the process ends the hold instead: what comes
    out then is the exception, as it would have before the signal came."""

    def __enter__(self):
        self.taken = []
        if hook.get_ident() != hook.main:
            return               # Python sets signals from there alone
        for name in ENDING:
            number = getattr(hook.signal, name)
            if hook.signal.getsignal(number) == hook.signal.SIG_DFL:
                hook.signal.signal(number, give_way)
                self.taken.append(number)

    def __exit__(self, *exception):
        for number in self.taken:
            hook.signal.signal(number, hook.signal.SIG_DFL)


def can_start_threads():
    """The debugger needs some. Python 3.12 starts none any more while it
    waits, at its end, for the last ones."""
    try:
        hook.start(bool, ())
    except RuntimeError:
        return False
    return True


# ---- the wait ----

def limit(begun):
    """When it ends at the latest."""
    if not state.deadline:
        return begun + ANSWER_SECONDS
    return state.deadline + (state.grace if state.attaching else 0)


def stand_still():
    """Until the agent says that it is over: "". Otherwise, why it is."""
    begun = regained = hook.clock()
    state.ready.release()
    while not state.over.acquire(True, WAKE_SECONDS):
        now = hook.clock()
        if hook.fd >= 0:
            regained = now
        if not hook.thread or now > regained + REGAIN_SECONDS:
            return "the agent is gone"
        if now > limit(begun):
            return "the time is up"
    return ""


def end_by_itself(why):
    """The agent, if there is one, may not know."""
    if hook.left is not None:
        say(("Debugger attached = False\npitstop: %s; the exception takes its "
             "course\n" % why).encode())
    state.hold_ended = True
    try:
        send("passed")
    except (EOFError, OSError):
        pass


# ---- in the debugger ----

def is_shown(debugger, frame):
    """Not one that "justMyCode" hides."""
    if debugger.get_file_type(frame) is not None:
        return False
    hides = debugger.is_files_filter_enabled
    return not (hides and debugger.apply_files_filter(
        frame, frame.f_code.co_filename, False))


def place_to_stand(debugger, trace):
    """The last frame that the client sees, else the last one."""
    shown = None
    while trace is not None:
        last = trace.tb_frame
        if is_shown(debugger, last):
            shown = last
        trace = trace.tb_next
    return shown or last


class untraced:
    """The stop is not part of what is debugged (from 3.12 on by an interface
    that only later debugpys have)."""

    def __init__(self, info):
        self.info = info
        self.resume = None

    def __enter__(self):
        self.info.is_tracing += 1
        try:
            from _pydevd_sys_monitoring import pydevd_sys_monitoring as monitor
            self.saved = monitor.suspend_current_thread_tracing()
            self.resume = monitor.resume_current_thread_tracing
        except (ImportError, AttributeError):
            pass

    def __exit__(self, *exception):
        if self.resume and self.saved is not False:
            self.resume()
        self.info.is_tracing -= 1


def stop(kind, value, trace):
    import threading
    from _pydevd_bundle.pydevd_additional_thread_info import \
        set_additional_thread_info
    from _pydevd_bundle.pydevd_constants import get_global_debugger
    debugger = get_global_debugger()
    if debugger is None or not state.shown:
        return
    thread = threading.current_thread()
    info = set_additional_thread_info(thread)
    with untraced(info):
        debugger.do_stop_on_unhandled_exception(
            thread, place_to_stand(debugger, trace), {}, (kind, value, trace))
    let_run(info)    # a step from here would lead into this file


def show(kind, value, trace):
    """Returns when the client lets it go on, or has left: see end_show()."""
    hook.shown += 1
    state.stopped = True
    try:
        stop(kind, value, trace)
    finally:
        state.stopped = False


# ---- all of it ----

def stand(kind, value, trace):
    why = "it was interrupted"
    state.grace, state.trace = ATTACH_SECONDS, trace
    with signals_end_it():
        try:
            why = stand_still()
        finally:
            hook.crash = state.trace = None
            if why:
                end_by_itself(why)
            hook.alone = not state.shown
            hook.left = hook.left if state.waiting else None
            state.deadline = None
        if state.shown:
            show(kind, value, trace)
