"""What debugpy puts on to trace a step, and how it comes off again, so that the
step runs as fast as before. Part of hook.py, like debugger.py.
"""

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
    for ident, frame in running.items():
        leave(frame)
        frame.f_trace = off
        if ident in stopped:         # just now: one that is left behind would
            frame.f_trace = None     # give tracebacks a wrong line
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
