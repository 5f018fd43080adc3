"""What the hook in a step does when the agent asks for it. Python 3.6 to 3.14.

The agent sends this file, with debugger.py and tracing.py behind it, over the
hook's socket (include/hello.h) before the first word that needs them;
sitecustomize.py runs all of it once, with its own functions as globals: hook,
message, parse, receive, send, connect, drop, free_waiting, in_child. It calls
serve(), in the main thread while the step is held, in the hook's own thread
afterwards.
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
STAND_SECONDS = 1.0         # a thread with an exception, to get ready to wait
START_SECONDS = 2.0         # pydevd in a child that has been let go
TEXT_MAX = 500
SYSPATH_MAX = 16000         # characters, which the socket takes at once
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
    surroundings_told = False
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
    ready = None         # a lock, released when it does stand there
    trace = None         # of the exception that a thread stands at
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
    version = debugpy_version(directory)
    send("ready " + version)
    tell_surroundings(version)


def tell_surroundings(version):
    """What the agent looks for what may be wrong by, when the hold is on; once,
    whatever becomes of agents. Of a part of sys.path nothing: what is not
    there may be in the rest."""
    if state.surroundings_told:
        return
    state.surroundings_told = True
    known = ["syspath " + entry for entry in sys.path if isinstance(entry, str)]
    if sum(map(len, known)) > SYSPATH_MAX or any(
            len(line) > 1000 or "\n" in line for line in known):
        known = []
    send("\n".join(known + ["look " + version]))


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
    state.over, state.ready = hook.lock(), hook.lock()
    state.over.acquire()
    state.ready.acquire()
    hook.stand, hook.show = globals()["stand"], globals()["show"]
    hook.word.release()
    state.ready.acquire(True, STAND_SECONDS)    # before the log says so


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


def do_inherited(_, __):
    """We are a child of a debugged process, with its debugger, which is
    connected. Not before pydevd goes by its name, which it may have begun
    without, as a script, is it to be imported: that would be a second one."""
    limit = hook.clock() + START_SECONDS
    while "pydevd" not in sys.modules and hook.clock() < limit:
        hook.sleep(0.005)
    if "pydevd" in sys.modules:
        hide_from_pydevd()
        silence_pydevd()
        watch_children()
        tell_version()


def do_stacks(_, source):
    if source:
        exec(compile(source, "<frozen pitstop>", "exec", 0, True), globals())
    try:
        send_stacks()                           # stacks.py
    except Exception:
        send("stack end")


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
    "stacks": do_stacks,
    "inherited": do_inherited,
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
    """A new agent, if one comes soon, and before the hold is over; the socket
    queues us before it is up."""
    agent_is_lost()
    state.queue[:] = []
    until = hook.clock() + REGAIN_SECONDS
    if state.deadline:
        until = min(until, state.deadline)
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
