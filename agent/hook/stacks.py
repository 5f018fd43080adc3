"""Where the step is: the Python stacks of its threads and asyncio tasks.

Goes on where hook.py ends, sent with the first `stacks` (include/hello.h). Runs
in the hook's own thread, or in a hold's. Imports nothing: the step may hang in
the import of the same module, and then nobody could attach to it any more.
"""
FRAMES_MAX = 256            # of one thread or task, the innermost
SOURCE_BYTES = 4 * 1024 * 1024  # a larger file's lines are not shown
REGULAR = 0o100000          # S_IFREG of S_IFMT
FORMAT = 0o170000
SPACES = dict.fromkeys(range(32), " ")  # for control characters
STUB = in_child.__globals__["__file__"]     # sitecustomize.py
# What loads that, before the script's first line.
LOADERS = ("<frozen importlib._bootstrap>", "<frozen zipimport>",
           "<frozen importlib._bootstrap_external>", "<frozen site>",
           getattr(sys.modules.get("site"), "__file__", None))
LOOPS = ("/asyncio/base_events.py", "/asyncio/runners.py")


def source_lines(path, cache):
    if path not in cache:
        cache[path] = []
        try:
            about = os.stat(path)
            if about.st_mode & FORMAT == REGULAR and \
                    about.st_size <= SOURCE_BYTES:
                with open(path, "rb") as file:
                    cache[path] = file.read().split(b"\n")
        except (OSError, ValueError):
            pass         # a string, an archive, a file that is gone
    return cache[path]


def clean(text):
    """In one line, without the tabs that separate."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    return str(text).translate(SPACES).strip()[:TEXT_MAX]


def frame_line(code, number, cache):
    source = source_lines(code.co_filename, cache)
    text = source[number - 1] if 0 < (number or 0) <= len(source) else ""
    name = getattr(code, "co_qualname", code.co_name)
    return "\t".join(["frame %d" % (number or 0), clean(name),
                      clean(code.co_filename), clean(text)])


def thread_places(frame):
    """(code, line) of each frame, the innermost first: not the hook's, nor
    those that load it or load for it."""
    found, loads = [], False
    while frame is not None and len(found) < FRAMES_MAX:
        name = frame.f_code.co_filename
        if name == STUB:
            loads = True
            while found and found[-1][0].co_filename in LOADERS:
                found.pop()
        elif name != CODE.co_filename and not (loads and name in LOADERS):
            found.append((frame.f_code, frame.f_lineno))
            loads = False
        frame = frame.f_back
    return found


def script_places(places):
    """Of a thread that the debugger has stopped: from where it stands."""
    pydevd = getattr(sys.modules.get("pydevd"), "__file__", None) or ""
    folder = pydevd.rpartition("/")[0] + "/"
    found = places
    for n, (code, _) in enumerate(places):
        if code.co_filename == pydevd and code.co_name == "do_wait_suspend":
            found = places[n + 1:]
    while found is not places and found and \
            found[0][0].co_filename.startswith(folder):
        found = found[1:]
    return found


def failed_places(trace, places):
    """Where a thread was that stands at its exception: down to who caught it,
    who is among those that still run."""
    found = []
    while trace is not None:
        found.insert(0, (trace.tb_frame.f_code, trace.tb_lineno))
        trace = trace.tb_next
    caught = found and places and found[-1][0] is places[0][0]
    return (found + places[1 if caught else 0:])[:FRAMES_MAX]


def task_places(coroutine):
    """A coroutine that waits has one frame, and then what it waits for."""
    found = []
    while coroutine is not None and len(found) < FRAMES_MAX:
        for kind, awaited in (("cr", "cr_await"), ("gi", "gi_yieldfrom"),
                              ("ag", "ag_await")):
            frame = getattr(coroutine, kind + "_frame", None)
            if frame is not None:
                break
        else:
            break
        found.append((frame.f_code, frame.f_lineno))
        coroutine = getattr(coroutine, awaited, None)
    return found[::-1]


def known_threads():
    """Thread objects by identifier, also of threads that are just starting;
    without the lock, which the step may hold."""
    threading = sys.modules.get("threading")
    try:
        return dict(threading._active)
    except (AttributeError, RuntimeError):
        return {}


def is_ours_or_debuggers(ident, thread):
    return ident == hook.ident or \
        getattr(thread, "is_pydev_daemon_thread", False)


def running_loops(frames):
    found = []
    for frame in frames:
        while frame is not None:
            if frame.f_code.co_filename.endswith(LOOPS):
                scope = frame.f_locals
                this = scope.get("self")
                for loop in (this, getattr(this, "_loop", None),
                             scope.get("loop")):
                    if hasattr(loop, "call_soon") and loop not in found:
                        found.append(loop)
            frame = frame.f_back
    return found


def tasks_of(loop):
    asyncio = sys.modules["asyncio"]
    if hasattr(asyncio, "all_tasks"):
        return asyncio.all_tasks(loop)
    return [t for t in asyncio.Task.all_tasks(loop) if not t.done()]  # 3.6


def task_name(task):
    if hasattr(task, "get_name"):
        return task.get_name()
    return getattr(task._coro, "__qualname__", "task")   # 3.7


def tasks(frames):
    """(line, places) of each, as of the threads."""
    found = []
    for loop in running_loops(frames) if "asyncio" in sys.modules else ():
        for task in sorted(tasks_of(loop), key=task_name):
            coroutine = getattr(task, "get_coro", lambda: task._coro)()  # 3.7
            found.append(("task " + clean(task_name(task)),
                          task_places(coroutine)))
    return found


def threads(frames):
    """The main thread first, the others by the order of their start."""
    known = known_threads()
    main = hook.get_ident() if state.held else hook.main
    order = [main] + [i for i in known if i != main]
    order += [i for i in frames if i not in order]
    found = []
    for ident in order:
        thread = known.get(ident)
        if ident not in frames or is_ours_or_debuggers(ident, thread):
            continue
        name = getattr(thread, "_name", None) or (
            "MainThread" if ident == main else "Thread %d" % ident)
        native_id = getattr(thread, "_native_id", 0) or (
            os.getpid() if ident == main else 0)
        places = script_places(thread_places(frames[ident]))
        if ident == hook.crasher:
            places = failed_places(state.trace, places)
        found.append(("thread %d %s" % (native_id, clean(name)), places))
    return found


def send_stacks():
    """All places first: reading sources lets the threads run on."""
    lines, cache = [], {}
    frames = sys._current_frames()
    try:
        found = threads(frames)
        found += tasks(list(frames.values()))
    finally:
        frames.clear()      # else a frame of each thread lives on in ours
    for line, places in found:
        lines.append(line)
        lines += [frame_line(code, number, cache) for code, number in places]
    lines.append("end")
    text = "\n".join(["stack " + line for line in lines])
    send(os.fsdecode(text.encode("utf-8", "replace")))
