"""pitstop's hook, which every Python loads at its start as `sitecustomize`.

It registers with the agent that PITSTOP_SOCKET names (the protocol stands in
include/hello.h), waits for the agent's word when a hold is asked for, and
leaves a thread behind that goes on listening. What there is to do then stands
in hook.py: the agent sends that when it is needed.

Whatever fails in here, Python starts as it would have without. This file runs
at every start of every Python: it stays short, imports nothing that takes
time, and is silent on all versions from 2.7 on, of which those before 3.6
only pass it.
"""
import os
import sys

HOLDS = ("step", "crash", "both")
BEFORE = ("step", "both")      # those that wait before the first line
AFTER = ("crash", "both")      # those that wait where an exception ends them
RANKS = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE",
         "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK",
         "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE", "PMI_RANK",
         "SLURM_PROCID", "AZUREML_CR_NODE_RANK")
# Where the socket is put, so that the step's own files get the numbers they
# would get without it: the first of these that is free.
HIGH = (1000, 240, 60)
CODE_NAME = "<frozen pitstop>"
ARGS_MAX, ARG_BYTES, ARGS_BYTES = 256, 4096, 60000
LINE_BYTES, PAYLOAD_BYTES = 65536, 1 << 20
ANSWER_SECONDS = 5.0
CONNECT_SECONDS = 3.0
NOT_HELD = b"pitstop: the agent does not answer; the step is not held\n"
DEBUGGERS = ("debugpy", "ptvsd")
OFF = ("off", "no", "false", "0")
RETRIES, PAUSE_SECONDS, PAUSE_MAX = 12, 0.1, 30.0


class hook:
    """What this process knows of its agent."""
    address = None    # of the agent's socket: bytes when it is abstract
    fd = -1           # the connection
    file = None       # what fstat says of it
    spare = -1, None  # the same of a socket that was not taken yet
    data = b""        # received, not yet looked at
    body = None       # the namespace of hook.py, once it has come
    left = None       # until when a hold lasts, on the monotonic clock
    main = None       # the main thread's identifier
    place = __file__.rpartition("/")[0]    # where this file is
    usual = None      # what find_spec() stands in the place of
    adopt = None      # a function of adopt.py, once that has come
    thread = False    # our thread runs
    ident = None      # and its identifier
    tid = 0           # its number, as the kernel counts
    given_up = False  # what listens there is no agent
    settrace = None   # Python's own, in a debugged process's child
    connect = None    # the socket's, likewise
    nowhere = None    # what pydevd is connected to for want of an agent
    traces = []       # what that counted
    filters = None    # the list that holds our filter for one warning
    crash = None      # the line that tells the agent of a thread's exception
    crasher = None    # the thread that stands there
    crashing = None   # a lock: one thread at a time
    word = None       # a lock, released when the agent has answered
    stand = None      # postmortem.py's function, once the answer is to hold
    show = None       # postmortem.py's other function
    shown = 0         # how many exceptions a client was shown
    alone = False     # nobody came to an earlier one
    pid = 0           # the process that watches for exceptions
    atexit = None     # the module that has our function
    builtin = None    # BuiltinImporter, and its create_module
    watching = False  # also those of the threads


# ---- the registration ----

def command_line():
    """As bytes, each word ended by a zero byte."""
    try:
        fd = os.open("/proc/self/cmdline", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        words = [sys.executable or ""] + getattr(sys, "argv", [])
        return os.fsencode("\0".join(words)) + b"\0"
    try:
        return os.read(fd, 4 * ARGS_BYTES)
    finally:
        os.close(fd)


def arguments():
    """The command line as far as the agent wants it."""
    line = command_line()
    if b"pydevd" in line and not hook.settrace:
        prepare_child()
    taken = b""
    for word in line.split(b"\0")[:-1][:ARGS_MAX]:
        if len(taken) > ARGS_BYTES:
            break
        taken += b"arg=" + word[:ARG_BYTES] + b"\0"
    return taken


def prepare_child():
    """A debugged process's child: pydevd runs as soon as this file is done. It
    shall not complain of frozen modules."""
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    hook.settrace = sys.settrace
    if sys.version_info < (3, 10):
        sys.settrace = count_trace
    import socket
    hook.connect, socket.socket.connect = socket.socket.connect, connect_child


def connect_child(sock, address):
    """In the place of socket.connect for pydevd, which ends the process when
    it finds no agent. If one has just died, the next is soon there; if none
    comes, pydevd is connected to nothing and what it waits for is ended."""
    if sys._getframe(1).f_code.co_name != "start_client":
        return hook.connect(sock, address)
    del type(sock).connect
    sock.settimeout(None)    # one with a timeout could not try twice
    limit = hook.clock() + CONNECT_SECONDS
    while hook.clock() < limit:
        try:
            return hook.connect(sock, address)
        except ConnectionRefusedError:
            hook.sleep(0.02)
    hook.nowhere = hook.socket.socket()
    hook.nowhere.bind(("127.0.0.1", 0))
    hook.nowhere.listen(1)
    hook.start(free_child, ())
    return hook.connect(sock, hook.nowhere.getsockname())


def free_child():
    limit = hook.clock() + CONNECT_SECONDS
    while not free_waiting() and hook.clock() < limit:
        hook.sleep(0.02)
    hook.nowhere.close()


def count_trace(function):
    """In the place of sys.settrace where pydevd is there from the start; what
    for, says counted_settrace in hook.py."""
    if hook.body:
        return hook.body["counted_settrace"](function)
    before = sys.gettrace() is not None
    hook.settrace(function)
    hook.traces.append((function is not None) - before)


def here():
    try:
        return os.getcwd()
    except OSError:
        return ""


def wish():
    """What the process asks for. One that was held and becomes another
    program by exec() is not held again at its start."""
    value = os.environ.get("PITSTOP_HOLD")
    if os.environ.get("PITSTOP_HELD") == str(os.getpid()):
        return "crash" if value in AFTER else "off"
    return value if value in HOLDS else "off"


def hello(kind):
    environ = os.environ
    fields = ["pid=%d" % os.getpid(), "ppid=%d" % os.getppid(),
              "python=%d.%d.%d" % sys.version_info[:3],
              "exe=" + (sys.executable or ""), "cwd=" + here(),
              "kind=" + kind, "hold=" + wish(),
              "timeout=" + environ.get("PITSTOP_TIMEOUT", "")]
    fields += ["env." + name + "=" + environ[name][:64]
               for name in RANKS if name in environ]
    if kind == "again":
        if hook.left is not None:
            left = max(0, hook.left - hook.clock())
            fields.append("left=%d" % (left * 1000))
        if "pydevd" in sys.modules:
            fields.append("traced=1")
    if hook.crash:
        fields.append("crash=" + hook.crash)
    text = os.fsencode("\0".join(fields)) + b"\0" + arguments()
    return b"pitstop 1 %d\n" % len(text) + text


def check_peer(sock):
    """Of our own user, or root's; a process outside of our pid namespace has
    the pid 0: a stranger that shares the network's names."""
    cred = sock.getsockopt(hook.socket.SOL_SOCKET, hook.socket.SO_PEERCRED, 12)
    pid, uid = (int.from_bytes(cred[i:i + 4], sys.byteorder) for i in (0, 4))
    if pid == 0 or uid not in (0, os.geteuid()):
        raise PermissionError


def raw_socket(*fd):
    return hook.socket.socket(hook.socket.AF_UNIX, hook.socket.SOCK_STREAM, 0,
                              *fd)


def park(fd):
    for number in HIGH:
        try:
            os.fstat(number)
        except OSError:
            try:
                os.dup2(fd, number, inheritable=False)
            except OSError:
                continue
            os.close(fd)
            return number
    return fd


def knock():
    """The same socket until it is taken, when the agent has no time: a new one
    would have, for a moment, the number that a file of the step's gets."""
    if not holds(*hook.spare):
        fd = park(raw_socket().detach())
        hook.spare = fd, os.fstat(fd)[1:3]
    sock = raw_socket(hook.spare[0])
    try:
        sock.setblocking(False)
        sock.connect(hook.address)
    except BlockingIOError:
        sock.detach()
        raise
    except OSError:
        sock.close()
        raise
    hook.spare = -1, None
    return sock


def connect(kind):
    """Register. Never waits: an agent that does not accept is an OSError."""
    sock = knock()
    try:
        check_peer(sock)
        data = hello(kind)
        if sock.send(data, hook.socket.MSG_NOSIGNAL) != len(data):
            raise BlockingIOError
        sock.setblocking(True)
        hook.fd = sock.detach()
    finally:
        sock.close()
    hook.file = os.fstat(hook.fd)[1:3]
    hook.data = b""


def holds(fd, file):
    """The step may have closed our descriptor, and opened its own there."""
    try:
        return os.fstat(fd)[1:3] == file
    except OSError:
        return False


def is_ours():
    return holds(hook.fd, hook.file)


def drop():
    for mine in (hook.fd, hook.file), hook.spare:
        if holds(*mine):
            os.close(mine[0])
    hook.fd, hook.data, hook.spare = -1, b"", (-1, None)


# ---- talking ----

def with_socket(seconds, call):
    """Do something with a socket object for our descriptor, which is blocking
    again and has no object afterwards."""
    if not is_ours():
        raise EOFError
    sock = raw_socket(hook.fd)
    try:
        sock.settimeout(seconds)
        return call(sock)
    finally:
        sock.settimeout(None)
        sock.detach()


def send(line):
    data = os.fsencode(line) + b"\n"
    with_socket(None, lambda s: s.sendall(data, hook.socket.MSG_NOSIGNAL))


def receive(deadline):
    """Take what comes next into hook.data; False when time is up."""
    if deadline is None:
        data = os.read(hook.fd, 65536) if is_ours() else b""
        if not is_ours():     # a file that closed while it was read from
            raise EOFError
    else:
        seconds = max(0.001, deadline - hook.clock())
        try:
            data = with_socket(seconds, lambda s: s.recv(65536))
        except hook.socket.timeout:
            return False
    if not data:
        raise EOFError
    hook.data += data
    return True


def parse():
    """The first message in hook.data, or None when it is not all there."""
    line, newline, rest = hook.data.partition(b"\n")
    if not newline:
        if len(line) > LINE_BYTES:
            raise ValueError
        return None
    verb, _, text = line.decode("utf-8", "replace").partition(" ")
    payload = b""
    if verb in ("code", "adopt", "postmortem", "say", "stacks"):
        size = int(text)
        if not 0 <= size <= PAYLOAD_BYTES:
            raise ValueError
        if len(rest) < size:
            return None
        payload, rest = rest[:size], rest[size:]
    hook.data = rest
    return verb, text, payload


def message(deadline=None):
    """The agent's next (verb, text, payload); None when time is up. EOFError
    or OSError: it is gone. ValueError: it is no agent."""
    while True:
        found = parse()
        if found or not receive(deadline):
            return found


def load(source):
    body = {"hook": hook, "message": message, "parse": parse,
            "receive": receive, "send": send, "connect": connect,
            "drop": drop, "free_waiting": free_waiting, "in_child": in_child}
    exec(compile(source, CODE_NAME, "exec", 0, True), body)
    hook.body = body


def follow(deadline=None):
    """Do what the agent says. In a hold (with a deadline) until it says go:
    True; False when it says nothing in time."""
    while True:
        if hook.body:
            return hook.body["serve"](deadline)
        found = message(deadline)
        if not found:
            return False
        if found[0] == "code":
            load(found[2])
        elif found[0] == "go" and deadline:
            return True
        elif found[0] == "go" and hook.crash and hook.word.locked():
            hook.word.release()


# ---- the hold ----

def hold():
    deadline = hook.clock() + ANSWER_SECONDS
    while hook.clock() < deadline:
        try:
            if hook.fd < 0:
                connect("start")
            if follow(deadline):
                return
            break
        except (BlockingIOError, EOFError, ConnectionResetError):
            drop()
            hook.sleep(0.02)
        except Exception:    # it is no agent, or there is none
            drop()
            hook.given_up = True
            break
    if sys.__stdout__ is not None:   # else 1 is no standard output
        os.write(1, NOT_HELD)


def hold_or_die():
    """A Ctrl-C ends a step that is held like any other; leaving by the
    exception would show as a failure of the interpreter's start."""
    try:
        hold()
    except OSError:
        pass           # nobody reads our standard output
    except KeyboardInterrupt:
        hook.signal.signal(hook.signal.SIGINT, hook.signal.SIG_DFL)
        os.kill(os.getpid(), hook.signal.SIGINT)


# ---- the thread ----

def nothing():
    pass


def free_waiting():
    """A thread of a process that is debugged waits in pydevd for a client
    without end, also when the agent has died that would bring one. What it
    would start next, for a connection that is lost, would never end."""
    freed = False
    for frame in list(sys._current_frames().values()):
        while frame is not None:
            if frame.f_code.co_name == "wait_for_ready_to_run":
                debugger = frame.f_locals["self"]
                debugger.start_auxiliary_daemon_threads = nothing
                debugger.ready_to_run = freed = True
            frame = frame.f_back
    return freed


def free_for_a_while():
    for _ in range(40 if "pydevd" in sys.modules else 0):
        if free_waiting():
            break
        hook.sleep(0.05)


def reconnect(kind):
    """Where the supervisor lives, its socket takes us at once, if need be
    before the next agent is up. A path in the file system may come back."""
    pause = PAUSE_SECONDS
    for _ in range(RETRIES):
        try:
            return connect(kind)
        except PermissionError:
            raise
        except BlockingIOError:
            pass
        except OSError:
            if isinstance(hook.address, bytes):
                raise
        hook.sleep(pause)
        pause = min(2 * pause, PAUSE_MAX)
    raise EOFError


def listen():
    """An agent that throws us out again and again is asked less and less."""
    pause, kind = PAUSE_SECONDS, "start"
    while True:
        if hook.fd < 0:
            hook.sleep(pause)    # not while the step opens its first files:
            try:                 # they get the numbers that they always do
                reconnect(kind)
            finally:
                free_for_a_while()
        since, kind = hook.clock(), "again"
        try:
            follow()
        except (EOFError, OSError):
            pass
        drop()
        free_waiting()
        pause = min(2 * pause, PAUSE_MAX)
        if hook.clock() - since > PAUSE_MAX:
            pause = PAUSE_SECONDS


def thread_main(begun):
    hook.tid = hook.get_tid() if hook.get_tid else 0
    hook.ident = hook.get_ident()
    begun.release()
    try:
        listen()
    except BaseException:
        pass
    hook.thread = False
    drop()


def start_thread():
    """With all signals blocked: those for the process are for the step's own
    threads. 32 and 33, and up to SIGRTMIN, belong to the C library. And wait
    until it runs: pydevd takes a thread that has not begun for the one that
    started it, and Python 3.11 with -X dev may crash when it ends before."""
    mask = hook.mask
    signals = set(range(1, 32)) | set(range(hook.signal.SIGRTMIN, 65))
    hook.main = hook.get_ident()
    before = mask(hook.signal.SIG_BLOCK, ())
    try:
        mask(hook.signal.SIG_SETMASK, signals)
        begun = hook.lock()
        begun.acquire()
        hook.start(thread_main, (begun,))
        hook.thread = True
        begun.acquire(True, 1)
    except RuntimeError:      # no more threads for this user
        drop()
    finally:
        mask(hook.signal.SIG_SETMASK, before)


# ---- fork ----

def match(text):
    """The warning of Python 3.12 about fork() with threads, once."""
    if "is multi-threaded, use of" not in text:
        return False
    show_warnings()
    return True


class one_warning:
    """Stands in warnings.filters in the place of a compiled pattern."""
    match = staticmethod(match)


def show_warnings():
    filters, hook.filters = hook.filters, None
    for i, item in enumerate(filters or ()):
        if item[1] is one_warning:
            del filters[i]
            return


def current_filters():
    warnings = sys.modules.get("warnings")
    if warnings is None:
        import _warnings as warnings
    get = getattr(warnings, "_get_filters", None)    # 3.14: of the context
    return get() if get else warnings.filters


def before_fork():
    """The warning counts the process's threads: hidden is the one that is due
    to ours alone."""
    try:
        show_warnings()
        tasks = os.listdir("/proc/self/task")
        if len(tasks) == 2 and str(hook.tid) in tasks:  # also one that ends
            hook.filters = current_filters()
            hook.filters.insert(0, ("ignore", one_warning, DeprecationWarning,
                                    None, 0))
    except Exception:
        pass


def in_parent():
    """subprocess forks for a preexec_fn, and Python gives no warning then."""
    try:
        if sys._getframe(1).f_code.co_name == "_execute_child":
            show_warnings()
    except Exception:
        pass


def in_child():
    try:
        show_warnings()
        drop()
        hook.thread, hook.left, hook.crash = False, None, None
        if hook.body:
            hook.body["forked"]()
        connect("fork")
        start_thread()
    except Exception:
        pass


def nobodys(code):
    """The same in a file that nobody has."""
    if hasattr(code, "replace"):       # Python 3.8
        return code.replace(co_filename=CODE_NAME)
    return type(code)(
        code.co_argcount, code.co_kwonlyargcount, code.co_nlocals,
        code.co_stacksize, code.co_flags, code.co_code, code.co_consts,
        code.co_names, code.co_varnames, CODE_NAME, code.co_name,
        code.co_firstlineno, code.co_lnotab, code.co_freevars,
        code.co_cellvars)


def name_code():
    """What runs inside of the step's calls of fork() is nobody's code: pydevd
    does not step into frozen files, coverage does not count them."""
    for thing in list(globals().values()):
        code = getattr(thing, "__code__", None)
        if hasattr(code, "replace"):
            thing.__code__ = nobodys(code)


def watch_forks():
    if sys.version_info >= (3, 7):
        name_code()
    if sys.version_info >= (3, 12):
        os.register_at_fork(before=before_fork, after_in_parent=in_parent,
                            after_in_child=in_child)
    elif sys.version_info >= (3, 7):
        os.register_at_fork(after_in_child=in_child)


# ---- a crash ----

def last(trace):
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace


def message_of(value):
    try:
        return str(value)
    except Exception:
        return ""


def one_line(text):
    text = " ".join(text.replace("\0", " ").split())
    return os.fsdecode(text.encode("utf-8", "replace"))   # for fsencode()


def describe(kind, value, trace):
    """One line: what was raised, and where."""
    trace, text = last(trace), message_of(value)
    text = "%s%s%s" % (kind.__name__, ": " if text else "", text)
    file = trace.tb_frame.f_code.co_filename
    return one_line("%s (%s:%d)" % (text[:300], file[-300:], trace.tb_lineno))


def place_of(trace):
    """A script that cannot be compiled has none."""
    if trace is None:
        return ""
    trace = last(trace)
    code = trace.tb_frame.f_code
    return "%s:%d in %s" % (code.co_filename[-300:], trace.tb_lineno,
                            code.co_name[:100])


def tell(kind, value, trace):
    """The agent, of what ends the main thread; if it does not listen, it does
    not learn of it."""
    if hook.pid != os.getpid() or hook.get_ident() != hook.main:
        return
    parts = kind.__name__[:100], place_of(trace), message_of(value)[:400]
    line = "raised " + "\t".join(one_line(part) for part in parts) + "\n"
    flags = hook.socket.MSG_NOSIGNAL | hook.socket.MSG_DONTWAIT
    try:
        with_socket(None, lambda s: s.send(os.fsencode(line), flags))
    except (EOFError, OSError):
        pass


def at_exit(name):
    """Who shows an exception that is caught leaves it there as well (pytest,
    code, tkinter): its first frame was called by another."""
    try:
        kind, trace = getattr(sys, name), sys.last_traceback
        caught = trace and trace.tb_frame.f_back
        if not caught and not issubclass(kind, (KeyboardInterrupt,
                                                SystemExit)):
            tell(kind, sys.last_value, trace)
    except BaseException:    # what was raised, and by a signal, is the script's
        pass


def create_module(cls, spec):
    """In the place of BuiltinImporter's until the script imports atexit."""
    importer, usual = hook.builtin
    if spec.name != "atexit":
        return usual(cls, spec)
    importer.create_module = classmethod(usual)
    return hook.atexit


def give_atexit():
    """Before Python 3.10 it is the functions of the module that was made last
    that are called at the end, so the script's import makes none."""
    importer = sys.modules["_frozen_importlib"].BuiltinImporter
    hook.builtin = importer, importer.create_module.__func__
    create_module.__code__ = nobodys(create_module.__code__)
    importer.create_module = classmethod(create_module)


def watch_end():
    """What nothing caught is in `sys` then; where there is none, no function
    is called that a trace function would see. That atexit is there the script
    is not to see."""
    hook.pid = os.getpid()
    known = "atexit" in sys.modules
    import atexit
    atexit.register(list, map(at_exit, filter(vars(sys).__contains__,
                                              ("last_type",))))
    hook.atexit = atexit         # kept: before 3.10 Python itself does not
    if not known:
        del sys.modules["atexit"]
        if sys.version_info < (3, 10):
            give_atexit()


def answered():
    until = hook.clock() + ANSWER_SECONDS
    while hook.thread and hook.clock() < until:
        if hook.word.acquire(True, 0.1):
            return True
    return False


def ask_agent(kind, value, trace):
    """It says `go`, or has postmortem.py hold the thread here. An agent that
    comes only now learns of it from our hello."""
    hook.word, hook.stand = hook.lock(), None
    hook.word.acquire()
    hook.crash = describe(kind, value, trace)
    try:
        send("crashed " + hook.crash)
    except (EOFError, OSError):
        pass
    if not answered():
        hook.crash = None
        if sys.__stdout__.fileno() == 1:    # there is one, and it is open
            os.write(1, NOT_HELD)
    elif hook.stand:
        hook.stand(kind, value, trace)


def crashed(kind, value, trace):
    """Nothing has caught this exception, which is about to end this thread. A
    process that nobody came to is not held for each further thread; a client
    that came for another thread sees this one's too."""
    me, shown = hook.get_ident(), hook.shown
    try:
        if (issubclass(kind, (KeyboardInterrupt, SystemExit)) or trace is None
                or not hook.thread or hook.pid != os.getpid()
                or hook.crasher == me or sys.is_finalizing()):
            return
        with hook.crashing:
            hook.crasher = me
            tell(kind, value, trace)
            if shown != hook.shown:
                hook.show(kind, value, trace)
            elif me == hook.main or not hook.alone:
                ask_agent(kind, value, trace)
    except BaseException:    # an interrupt's place is the script
        pass
    if hook.crasher == me:
        hook.crash = hook.crasher = None


def watch_threads():
    """Of theirs Python tells nothing. Not by threading.excepthook: that is the
    script's to set and to look at."""
    hook.watching = True
    import threading
    if not hasattr(threading, "_make_invoke_excepthook"):    # Python 3.7
        usual = threading._format_exc

        def format_exc():
            crashed(*sys.exc_info())
            return usual()

        threading._format_exc = format_exc
        return
    make = threading._make_invoke_excepthook

    def make_invoke_excepthook():
        invoke = make()

        def invoke_excepthook(thread):
            if not getattr(thread, "is_pydev_daemon_thread", False):
                crashed(*sys.exc_info())
            invoke(thread)

        return invoke_excepthook

    threading._make_invoke_excepthook = make_invoke_excepthook


def on_event(event, args):
    """Python tells of an exception before it calls whatever is sys.excepthook
    by then. What this raises would stop what the event is about."""
    if event == "sys.excepthook":
        crashed(*args[1:])
    elif event == "import" and args[0] == "threading" and not hook.watching:
        try:
            watch_threads()
        except Exception:
            pass


def watch_crashes():
    hook.pid, hook.crashing = os.getpid(), hook.lock()
    if hasattr(sys, "addaudithook"):
        sys.addaudithook(on_event)
        if "threading" in sys.modules:
            watch_threads()
        return
    usual = sys.excepthook

    def excepthook(kind, value, trace):
        crashed(kind, value, trace)
        usual(kind, value, trace)

    sys.excepthook = excepthook
    watch_threads()


# ---- debuggers that the script brings ----

def ask_for_adopt():
    """What to do about them stands in adopt.py, and our thread takes what the
    agent sends. An agent that is started anew is asked again."""
    until, asked = hook.clock() + ANSWER_SECONDS, None
    while not hook.adopt and hook.thread and hook.clock() < until:
        if hook.fd >= 0 and asked != hook.file:
            asked = hook.file
            try:
                send("adopt")
            except (EOFError, OSError):
                asked = None
        hook.sleep(0.002)


def adopt(name, spec):
    """The spec under which the script gets its debugger."""
    try:
        if not hook.adopt and hook.ident != hook.get_ident():
            ask_for_adopt()
        return hook.adopt(name, spec) if hook.adopt else spec
    except Exception:
        return spec


def find_spec(cls, name, path=None, target=None):
    """In the place of PathFinder's own: through there come all imports from
    files, and in sys.meta_path it is not to be seen."""
    spec = hook.usual(cls, name, path, target)
    return adopt(name, spec) if name in DEBUGGERS and path is None else spec


def watch_imports():
    if os.environ.get("PITSTOP_ADOPT", "").lower() in OFF:
        return
    finder = sys.modules["_frozen_importlib_external"].PathFinder
    hook.usual = finder.find_spec.__func__
    find_spec.__code__ = nobodys(find_spec.__code__)
    finder.find_spec = classmethod(find_spec)


# ---- the start ----

def leave_path():
    entry = __file__.rpartition("/")[0]
    if entry in sys.path:
        sys.path.remove(entry)
    sys.path_importer_cache.pop(entry, None)


def take_recipe(argv):
    """Take the arguments of the documented recipe out of argv (as the command
    line's recipe.c does); ranks that this process starts inherit them."""
    at, found = 1, {}
    while at < len(argv):
        name, equals, value = argv[at].partition("=")
        if argv[at] == "--remote_debug":
            found["PITSTOP_HOLD"] = "both" if os.environ.get(
                "PITSTOP_HOLD") in AFTER else "step"
        elif name == "--remote_debug_connection_timeout":
            if not equals and argv[at + 1:] and argv[at + 1][:2] != "--":
                value = argv.pop(at + 1)
            found["PITSTOP_TIMEOUT"] = value
        else:
            at += 1
            continue
        del argv[at]
    os.environ.update(found)


def is_registered():
    """Other interpreters in this process load this file as well: one thread
    is enough, and one in any but the main interpreter would be in its way."""
    import _thread
    is_main = getattr(_thread, "_is_main_interpreter", None)
    if is_main:
        return not is_main()
    for number in HIGH:
        try:
            sock = raw_socket(os.dup(number))
        except OSError:
            continue
        try:
            if sock.getpeername() == hook.address:
                return True
        except OSError:
            pass
        finally:
            sock.close()
    return False


def import_quietly():
    """Not to be seen in sys.modules by a step that does not use them; with
    -X dev Python looks for the names' encoding too. The functions are kept as
    they are now: a step may have them replaced (gevent, pydevd)."""
    import _signal
    import _thread
    seen = sys.modules, sys.path_importer_cache
    before = [set(kind) for kind in seen]
    import _socket
    import time
    for kind, known in zip(seen, before):
        for name in set(kind) - known:
            del kind[name]
    hook.socket, hook.signal = _socket, _signal
    hook.get_ident, hook.lock = _thread.get_ident, _thread.allocate_lock
    hook.start, hook.mask = _thread.start_new_thread, _signal.pthread_sigmask
    hook.clock, hook.sleep = time.monotonic, time.sleep
    hook.get_tid = getattr(_thread, "get_native_id", None)     # Python 3.8


def keep_compiled():
    """Where Python writes no compiled form (PYTHONDONTWRITEBYTECODE), have one
    in the directory that `pitstop run` made: the next start costs a fourth."""
    directory = os.path.dirname(__file__)
    if (not sys.dont_write_bytecode or not os.path.basename(
            directory).startswith("pitstop-") or os.path.exists(__cached__)):
        return
    sys.dont_write_bytecode = False
    try:
        __loader__.get_code(__name__)
    finally:
        sys.dont_write_bytecode = True


def register(name):
    hook.address = (b"\0" + os.fsencode(name[1:]) if name[:1] == "@" else name)
    import_quietly()
    if is_registered():
        return
    try:
        connect("start")
    except BlockingIOError:
        pass               # it has no time now: the thread tries again
    except OSError:
        if wish() not in BEFORE:
            return
    watch_imports()
    if wish() in BEFORE:
        hold_or_die()
    if not hook.given_up:
        start_thread()
        watch_forks()
        if wish() in AFTER:
            watch_crashes()
        else:
            watch_end()


def main(action):
    if "PITSTOP_SOCKET" in os.environ and sys.version_info >= (3, 6):
        try:
            action()
        except Exception:
            pass


# Python 2.7 clears the globals of a module that nobody holds.
this = sys.modules.pop(__name__, None)
error = None
leave_path()
if os.environ.get("PITSTOP_ARGS") != "keep":
    main(lambda: take_recipe(getattr(sys, "argv", [])))
try:
    import sitecustomize   # the one that this shadows
except Exception as e:     # also when there is none: site passes over that
    error = e
main(keep_compiled)
main(lambda: register(os.environ["PITSTOP_SOCKET"]))
if error is not None:
    sys.modules[__name__] = this     # who imports us takes it out again
    try:
        raise error
    finally:
        del error
