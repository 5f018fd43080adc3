"""The status page, in a real browser."""
import base64
import gzip
import hashlib
import importlib.util
import json
import os
import re
import signal

import pytest

from browser import Browser, Driver, is_here
from harness import line_of, place, strip_log, wait_for
from http_wire import ask
from test_commands import pitstop, variable
from test_hold import launcher
from test_http import TOKEN, held, post, session, sessions
from test_ranks import Ranks
from test_stacks import can_ask, only_id, stuck

ENV = {"PITSTOP_TOKEN": TOKEN}
PHONE, DESK = (360, 740), (1100, 900)
TAB, ENTER, SHIFT, CONTROL = "\ue004", "\ue007", "\ue008", "\ue009"
MINUTES = re.compile(r"(?:(\d+):)?(\d+):(\d\d)$")

pytestmark = pytest.mark.skipif(not is_here(),
                                reason="there is no Chromium here")


@pytest.fixture(scope="module")
def driver():
    driver = Driver()
    yield driver
    driver.end()


@pytest.fixture
def browser(driver):
    """Its console has nothing that the page is to blame for."""
    browser = Browser(driver, *DESK)
    yield browser
    lines = browser.console()
    browser.end()
    assert not [line for line in lines
                if "Failed to load resource" not in line], lines


def url(step, token=TOKEN, host="127.0.0.1"):
    fragment = "#token=" + token if token else ""
    return "http://%s:%d/%s" % (host, step.http_port, fragment)


@pytest.fixture
def page(browser):
    """page(step): the browser, when it shows the step."""
    def open_page(step, token=TOKEN, **more):
        browser.open(url(step, token, **more))
        wait_for(lambda: browser.seen("#one") or browser.seen("#many"),
                 "the step")
        return browser
    return open_page


def left(browser, where="#one-left"):
    """Seconds."""
    hours, minutes, seconds = MINUTES.match(browser.text(where)).groups()
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)


# ---- what is sent -------------------------------------------------------

def test_the_page_tells_a_stranger_nothing(held):
    step = held()
    answer = ask(step.http_port, "GET", "/")
    assert answer.status == 200
    assert answer.fields["content-type"] == "text/html; charset=utf-8"
    text = gzip.decompress(answer.content)
    assert b"simple.py" not in text and TOKEN.encode() not in text
    assert not re.search(rb"https?://(?!www\.w3\.org/2000/svg)", text)
    assert not re.search(rb"\son\w+=|localStorage|sessionStorage|cookie",
                         text)


def test_the_policy_allows_this_script_and_style_alone(held):
    step = held()
    answer = ask(step.http_port, "GET", "/")
    text = gzip.decompress(answer.content).decode()
    policy = dict(part.strip().split(" ", 1) for part in
                  answer.fields["content-security-policy"].split(";"))
    for name in "script", "style":
        inside, = re.findall("<%s>(.*?)</%s>" % (name, name), text, re.S)
        digest = hashlib.sha256(inside.encode()).digest()
        assert policy[name + "-src"] == "'sha256-%s'" % (
            base64.b64encode(digest).decode())
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert answer.fields["x-frame-options"] == "DENY"
    assert answer.fields["referrer-policy"] == "no-referrer"


# ---- the token ----------------------------------------------------------

def test_a_wrong_token_is_told_and_a_right_one_is_kept_in_memory(
        held, browser):
    step = held()
    browser.open(url(step, token=None))
    browser.wait_seen("#form")
    assert not browser.seen("#board") and browser.text("#wrong") == ""
    browser.type("#token", "not-this-one" + ENTER)
    browser.wait_text("#wrong", "wrong")
    assert browser.run("return document.activeElement.id") == "token"
    assert not browser.seen("#board")
    browser.type("#token", TOKEN)
    browser.click("#form button")
    browser.wait_text("#one-title", "simple.py")
    assert not browser.seen("#form")
    check_token_is_nowhere(browser)
    browser.ask("POST", "/refresh", {})
    browser.wait_seen("#form")
    assert browser.run("return document.getElementById('token').value") == ""


def test_a_token_in_the_fragment_leaves_the_address_at_once(held, page):
    browser = page(held())
    assert "#" not in browser.url()
    check_token_is_nowhere(browser)
    browser.click("#one-extend")
    browser.wait_text("#events", "held longer")
    check_token_is_nowhere(browser)
    assert browser.run("return history.length") <= 2


def check_token_is_nowhere(browser):
    """But in the one header field that is for it."""
    assert browser.run("return localStorage.length + sessionStorage.length "
                       "+ document.cookie.length") == 0
    assert TOKEN not in browser.url()
    shown = 0
    for request in browser.sent():
        fields = dict(request["headers"])
        shown += fields.pop("Authorization", "") == "Bearer " + TOKEN
        assert TOKEN not in json.dumps(fields)
        assert TOKEN not in request["url"] + request.get("postData", "")
    assert shown


def test_a_wrong_token_in_the_fragment(held, browser):
    step = held()
    browser.open(url(step, "nonsense"))
    browser.wait_text("#wrong", "wrong")
    assert "#" not in browser.url()
    browser.run("location.hash = 'token=' + arguments[0]", TOKEN)
    browser.wait_seen("#one")
    assert "#" not in browser.url()


def test_a_token_of_any_characters(held, browser):
    text = "schl\u00fcssel %41&\u20ac"
    step = held(env={"PITSTOP_TOKEN": text})
    browser.open(url(step, token=None))
    browser.wait_seen("#form")
    browser.type("#token", text + ENTER)
    browser.wait_seen("#one")


def test_where_no_token_is_asked_for(held, page):
    browser = page(held(env={"PITSTOP_TOKEN": "none"}), token=None)
    assert not browser.seen("#form")
    assert "pitstopToken" not in browser.text("#launch")


# ---- a step -------------------------------------------------------------

def test_a_hold_is_watched_made_longer_and_ended(held, page):
    step = held(timeout=60)
    browser = page(step)
    assert browser.text("#one-state") == "Held"
    begun = left(browser)
    wait_for(lambda: left(browser) < begun, "the countdown")
    assert 50 < left(browser) <= 60
    browser.click("#one-extend")
    wait_for(lambda: left(browser) > 60, "the new deadline")
    assert 340 < left(browser) <= 360
    assert 340 < session(step)["hold"]["seconds_left"] <= 360
    browser.click("#one-release")
    status, out, _ = step.finished()
    assert (status, strip_log(out)) == (7, "second 42\nargv []\n")
    assert "pitstop: released over HTTP" in out
    browser.wait_text("#trouble-what", "not answered since")


def test_the_countdown_moves_between_requests(held, page):
    browser = page(held(timeout=60))
    offline(browser, True)
    browser.wait_seen("#trouble")
    begun = left(browser)
    wait_for(lambda: left(browser) <= begun - 2, "the countdown")


def test_a_browser_whose_clock_is_wrong_counts_all_the_same(held, page):
    browser = page(held(timeout=60))
    browser.run("const right = Date.now; Date.now = () => right() + 3.6e6")
    before = polls(browser)
    wait_for(lambda: polls(browser) > before + 1, "the next answers")
    assert 40 < left(browser) <= 60


def offline(browser, yes):
    browser.devtools("Network.enable")
    browser.devtools("Network.emulateNetworkConditions", offline=yes,
                     latency=0, downloadThroughput=-1, uploadThroughput=-1)


def test_when_the_agent_does_not_answer_it_says_so_and_comes_back(
        held, page):
    browser = page(held())
    offline(browser, True)
    browser.wait_text("#trouble-what", "has not answered since")
    assert browser.text("#link") == "no answer"
    assert not browser.seen("#one-release")
    offline(browser, False)
    browser.wait_seen("#trouble", False)
    assert browser.text("#link") == "live"
    assert browser.seen("#one-release")


def test_the_next_agent_is_found(held, page):
    step = held()
    browser = page(step)
    first = step.agent()
    step.kill_agent()
    step.agent(but=first)
    browser.wait_text("#events", "the agent was restarted")
    assert browser.text("#one-state") == "Held"
    browser.click("#one-release")
    assert step.finished()[0] == 7


def test_a_debugger_comes_stops_and_leaves(hold, one_python, tmp_path, page):
    path = tmp_path / "stays.py"
    path.write_text("import sys, time\nprint('on', flush=True)\n"
                    "time.sleep(60)\n")
    step = hold([one_python.path, str(path)], env=ENV)
    step.wait_held()
    browser = page(step)
    assert "none" in browser.text("#one-facts")
    client = step.attached(None, {str(path): [2]})
    thread = client.stopped("breakpoint")
    client.where(thread)
    browser.wait_text("#one-facts", r"stays\.py:2, since \d")
    assert browser.text("#one-state") == "Paused"
    assert "%s:%d, since " % client.name in browser.text("#one-facts")
    assert not browser.seen("#one-release")
    client.go(thread)
    browser.wait_text("#one-state", "Being debugged")
    client.detach()
    browser.wait_text("#one-state", "Running")
    browser.wait_text("#events", "debugger left")
    assert re.search("debugger attached.*held, waits", browser.text("#events"),
                     re.S)


def test_a_step_that_failed(start, one_python, tmp_path, page):
    step = start([one_python.path, place(tmp_path, "fail.py")],
                 "--hold=crash", "--timeout", "60", env=ENV)
    step.wait_held()
    browser = page(step, host="node.test")
    assert browser.text("#one-state") == "Failed, held"
    assert browser.text("#one-failed") == session(step)["failed"]
    browser.click("#one-release")
    status, _, err = step.finished()
    assert status == 1 and "Traceback" in err


def test_abort_is_asked_for_twice(held, page):
    step = held()
    browser = page(step)
    browser.click("#one [data-abort]")
    browser.wait_text("#sure", "simple.py")
    browser.click("#sure-no")
    browser.wait_seen("#sure", False)
    assert session(step)["state"] == "holding"
    browser.click("#one [data-abort]")
    browser.click("#sure-yes")
    browser.wait_text("#trouble-what", "was aborted")
    assert step.finished()[0] == 128 + signal.SIGTERM


def test_what_the_agent_refuses_is_told(held, page):
    step = held("--max-hold", "90", timeout=60)
    browser = page(step)
    browser.click("#one-extend")
    browser.wait_text("#trouble", "as long as PITSTOP_MAX_HOLD")
    browser.click("#one-extend")
    browser.wait_text("#trouble", "That did not work: it is held for as long as PITSTOP")
    browser.click("#dismiss")
    assert not browser.seen("#trouble")


@pytest.mark.parametrize("host", ["127.0.0.1", "node.test"])
def test_the_configuration_is_copied(held, page, host):
    """With the browser's clipboard, and where a page without TLS has none."""
    step = held()
    browser = page(step, host=host)
    assert browser.run("return isSecureContext") == (host == "127.0.0.1")
    assert json.loads(browser.text("#launch")) == step.launch
    browser.click("#copy")
    browser.wait_text("#copy", "Copied")
    browser.open(url(step, token=None, host=host))
    browser.wait_seen("#form")
    browser.run("const e = document.body.appendChild(document.createElement("
                "'textarea')); e.id = 'into'; e.focus()")
    paste(browser)
    assert json.loads(wait_for(lambda: browser.run(
        "return document.getElementById('into').value"), "the text")) == (
            step.launch)


def paste(browser):
    browser.devtools("Input.dispatchKeyEvent", type="keyDown", key="v",
                     code="KeyV", windowsVirtualKeyCode=86, modifiers=2,
                     commands=["paste"])


# ---- how it asks --------------------------------------------------------

def polls(browser):
    return sum(r["url"].endswith("/v1/sessions") for r in browser.sent())


def test_a_page_that_nobody_sees_asks_for_nothing(held, page):
    browser = page(held(timeout=60))
    hide(browser, True)
    before = settled(browser)
    begun = left_of_page(browser)
    wait_for(lambda: left_of_page(browser) > begun + 3500, "3.5 s")
    assert polls(browser) == before
    hide(browser, False)
    wait_for(lambda: polls(browser) > before, "a request")


def hide(browser, yes):
    browser.run("Object.defineProperty(document, 'hidden', {configurable: "
                "true, get: () => arguments[0]}); document.dispatchEvent("
                "new Event('visibilitychange'))".replace(
                    "arguments[0]", "true" if yes else "false"))


def left_of_page(browser):
    """Milliseconds of its life."""
    return browser.run("return performance.now()")


def settled(browser):
    """Requests, once what was on its way is there."""
    browser.run_async("setTimeout(done, 300)")
    return polls(browser)


def test_it_asks_once_a_second_or_less(held, page):
    browser = page(held(timeout=60))
    begun, before = left_of_page(browser), polls(browser)
    wait_for(lambda: left_of_page(browser) > begun + 4000, "4 s")
    assert 2 <= polls(browser) - before <= 5


# ---- ranks --------------------------------------------------------------

@pytest.fixture
def eight(hold, one_python, tmp_path):
    group = Ranks(hold, one_python, tmp_path, 8, timeout=120, env=ENV)
    group.held()
    return group


def row(rank):
    return "#many-rows tr:nth-child(%d)" % (rank + 1)


def test_eight_ranks_are_a_table(eight, page):
    browser = page(eight.step)
    assert browser.text("#many-title") == "ranks.py: 8 ranks"
    assert browser.text("#many-counts") == "8 \u00d7 Held"
    for rank in range(8):
        assert browser.text(row(rank) + " th") == "Rank %d" % rank
    browser.click(row(3) + " button:first-child")   # Release
    browser.wait_text(row(3), "Running")
    assert not browser.seen(row(3) + " button:first-child")
    browser.wait_text("#many-counts", "7 \u00d7 Held")
    browser.click("#many-extend")
    wait_for(lambda: left(browser, "#many-left") > 360, "the new deadline")
    assert all(s["hold"]["seconds_left"] <= 420
               for s in sessions(eight.step) if s["hold"])
    browser.click("#many-release")
    browser.wait_text("#many-counts", "8 \u00d7 Running")
    browser.wait_text("#events", "ranks 0\u20132, 4\u20137: released")
    eight.ended()


def test_a_rank_has_its_configuration(eight, page):
    browser = page(eight.step)
    launch = json.loads(browser.text("#launch"))
    assert len(launch["configurations"]) == 8 and launch["compounds"]
    browser.run("const e = document.body.appendChild(document.createElement("
                "'textarea')); e.id = 'into'")
    browser.click(row(5) + " button:last-child")
    browser.wait_text(row(5), "Copied")
    browser.run("document.getElementById('into').focus()")
    paste(browser)
    assert json.loads(browser.run("return document.getElementById('into')"
                                  ".value")) == launch["configurations"][5]


# ---- the stacks ---------------------------------------------------------

@pytest.fixture
def alone(stuck, one_python, page):
    """alone(kind, *arguments): (step, browser) of one rank, which gets stuck."""
    def begin(kind="rank", *arguments):
        step = stuck(kind, *arguments,
                     command=["env", "RANK=0", one_python.path])
        only_id(step)
        return step, page(step)
    return begin


def take_stacks(browser, pattern, button="#one-stacks"):
    """Until they are so."""
    browser.click(button)
    browser.wait_seen("#stacks-list details")

    def so():
        if re.search(pattern, browser.text("#stacks-list"), re.S):
            return True
        if browser.run("return document.getElementById('stacks')"
                       ".ariaBusy") == "false":
            browser.click("#stacks-again")
        return False
    wait_for(so, pattern)


def folds(browser):
    """The text of each summary that is seen, and whether it is open."""
    return [tuple(pair) for pair in browser.run(
        "return [...document.querySelectorAll('#stacks-list summary')]"
        ".filter(e => e.checkVisibility())"
        ".map(e => [e.innerText, e.parentElement.open])")]


def focus_text(browser):
    return browser.run("return document.activeElement.innerText")


def test_the_stacks_show_where_a_running_step_stands(alone):
    step, browser = alone()
    take_stacks(browser, "all_reduce")
    at = line_of(step.path, "all_reduce")
    assert re.search(r"stuck\.py, rank 0 .*pid %s\n" % only_id(step) +
                     r"MainThread all_reduce, stuck\.py:%d\n" % at +
                     r"all_reduce \S*stuck\.py:%d\n" % at +
                     r"fcntl\.flock\(file, .*<module> ",
                     browser.text("#stacks-list"), re.S)
    browser.wait_text("#stacks-when", r"Taken at \d+:\d\d:\d\d")
    assert browser.text("#one-state") == "Running"
    browser.click("#stacks-close")
    assert not browser.seen("#stacks")
    assert focus_text(browser) == "Stacks"
    check_token_is_nowhere(browser)
    step.go()
    assert step.finished() == (0, "rank\nend\n", "")


def test_the_rank_that_is_elsewhere_comes_first_on_the_page(
        stuck, one_python, tmp_path, page):
    step = stuck("rank", command=[launcher(tmp_path, one_python, "torchrun"),
                                  "--nproc_per_node=4"])
    wait_for(lambda: can_ask(step) and len(sessions(step)) >= 5, "all ranks")
    browser = page(step)
    browser.wait_seen(row(3))
    take_stacks(browser, r"rank 2\s+1 of 4\s.*load_batch.*ranks 0, 1, 3\s+"
                r"3 of 4\s+main threads at the same place.*all_reduce", "#many-stacks")
    # The launcher, behind them and shut.
    assert [is_open for text, is_open in folds(browser)
            if "pid" in text] == [True, True, False]
    take_stacks(browser, "rank 1 .*all_reduce", row(1) + " [aria-label^=Stacks]")
    assert len(folds(browser)) == 2
    assert browser.text("#stacks-title") == "Stacks of stuck.py, rank 1"
    step.go()
    assert step.finished()[0] == 0


def test_the_stacks_are_copied_as_the_command_writes_them(alone):
    step, browser = alone()
    take_stacks(browser, "all_reduce")
    env = {"PITSTOP_SOCKET": variable(step.main_pid(), "PITSTOP_SOCKET")}
    browser.run("const e = document.body.appendChild(document.createElement("
                "'textarea')); e.id = 'into'")
    browser.click("#stacks-copy")
    browser.wait_text("#stacks-copy", "Copied")
    browser.run("document.getElementById('into').focus()")
    paste(browser)
    assert browser.run("return document.getElementById('into').value") == (
        pitstop("stacks", env=env)[1])


def test_a_process_that_does_not_answer_is_shown_by_its_kernel(alone):
    step, browser = alone("native", "6000")
    browser.click("#one-stacks")
    assert "given 2 s" in browser.text("#stacks-when")
    assert browser.seen("#stacks-bar")
    assert focus_text(browser) == "Stacks of stuck.py, rank 0"
    browser.wait_text("#stacks-list", r"(?s)interpreter lock.*\(%s\): sleeping"
                      r".* ran 0 ms of 200" % only_id(step))
    step.go()
    assert step.finished()[0] == 0


@pytest.fixture
def threads(start, one_python, tmp_path, page):
    """threads(*names): a browser that shows a step with these threads."""
    path = tmp_path / "has_threads.py"
    path.write_text("import sys, threading\n"
                    "def wait():\n    threading.Event().wait()\n"
                    "for name in sys.argv[1:]:\n"
                    "    threading.Thread(target=wait, name=name).start()\n"
                    "print('on', flush=True)\n"
                    "exec(compile('def %s(): wait()\\n%s()' % "
                    "(('\u00fc',) * 2), '<img src=y>', 'exec'))\n")

    def begin(*names):
        step = start([one_python.path, str(path), *names], env=ENV)
        step.stdout.wait("^on$")
        only_id(step)
        return page(step)
    return begin


def test_threads_and_files_are_text_and_never_markup(threads):
    name = "<img src=x onerror=document.title='in'>"
    browser = threads(name, "a\u202eb")
    take_stacks(browser, "<img src=y>:1")
    texts = [text for text, _ in folds(browser)]
    assert any(text.startswith(name + " ") for text in texts)
    assert any(text.startswith("a?b ") for text in texts)
    assert browser.run("return document.images.length") == 0


def test_what_is_open_and_the_focus_stay_when_taken_again(threads):
    browser = threads(*("t%d" % n for n in range(50)))
    take_stacks(browser, "50 more threads")
    assert [is_open for _, is_open in folds(browser)] == [True, True, False]
    browser.run("document.querySelectorAll('#stacks-list summary')[2].focus()")
    browser.press(ENTER)                     # 50 more
    browser.press(TAB, TAB, ENTER)           # the second of them
    assert focus_text(browser).startswith("t1 ")
    before = folds(browser)
    assert len(before) == 53
    assert [text.split()[0] for text, is_open in before if is_open] == [
        "has_threads.py", "MainThread", "50", "t1"]
    old = browser.find("#stacks-list details")
    browser.run("document.getElementById('stacks-again').click()")
    wait_for(lambda: browser.find("#stacks-list details") != old, "new ones")
    assert folds(browser) == before
    assert focus_text(browser).startswith("t1 ")


def change_sessions(browser, change):
    """In the agent's answers; `change` is of `j`."""
    browser.run("""const real = window.fetch;
        const change = new Function('j', arguments[0]);
        window.fetch = async (path, more) => {
            const answer = await real(path, more);
            if (!path.endsWith('/v1/sessions'))
                return answer;
            const j = await answer.json();
            change(j);
            return new Response(JSON.stringify(j));
        }""", change)


def test_without_the_token_there_are_no_stacks(alone):
    step, browser = alone()
    take_stacks(browser, "all_reduce")
    browser.run("const real = window.fetch; window.fetch = (path, more) => "
                "real(path, path.endsWith('/stacks') ? {...more, headers: "
                "{Authorization: 'Bearer wrong'}} : more)")
    browser.click("#stacks-again")
    browser.wait_text("#wrong", "wrong")
    assert not browser.seen("#board")
    browser.type("#token", TOKEN + ENTER)
    browser.wait_seen("#one")
    assert not browser.seen("#stacks")


def test_stacks_that_do_not_come_are_told_and_the_last_stay(alone):
    step, browser = alone()
    take_stacks(browser, "all_reduce")
    browser.run("const real = window.fetch; window.fetch = (path, more) => "
                "real(path.replace(/\\d+.stacks$/, '1/stacks'), more)")
    browser.click("#stacks-again")
    browser.wait_text("#stacks-wrong", "No stacks: .*session")
    assert "all_reduce" in browser.text("#stacks-list")
    offline(browser, True)
    browser.click("#stacks-again")
    browser.wait_text("#stacks-wrong", "No answer")
    browser.wait_seen("#trouble")
    assert "all_reduce" in browser.text("#stacks-list")
    offline(browser, False)
    browser.wait_seen("#trouble", False)


def test_a_stalled_step_says_for_how_long(alone):
    step, browser = alone()
    assert not browser.seen("#one-stall")
    change_sessions(
        browser, "j.sessions[0].stalled = {since: new Date("
        "Date.parse(j.now) - 750000).toISOString()}")
    browser.wait_text("#one-stall", "stalled for 12 min")
    assert browser.text("#one-state") == "Running"
    assert browser.run("return document.title").startswith("Stalled: stuck.py")
    browser.wait_text("#one-hint", "stacks show")
    check_access(browser)


# ---- for everybody ------------------------------------------------------

def test_by_keyboard(held, page):
    step = held()
    browser = page(step)
    for _ in range(2):
        browser.press(TAB)
    assert browser.run("return document.activeElement.id") == "one-extend"
    assert browser.run("return getComputedStyle(document.activeElement)"
                       ".outlineWidth") == "3px"
    browser.press(ENTER)
    browser.wait_text("#live", "Five more minutes")
    browser.press(TAB, TAB, ENTER)           # Stacks, Abort
    browser.wait_seen("#sure")
    assert browser.run("return document.activeElement.id") == "sure-no"
    browser.press(ENTER)
    browser.wait_seen("#sure", False)
    assert browser.run("return document.activeElement.dataset.abort") == ""
    assert session(step)["state"] == "holding"


def test_changes_of_state_are_told_and_seconds_are_not(hold, one_python,
                                                       tmp_path, page):
    path = tmp_path / "stays.py"
    path.write_text("import time\ntime.sleep(60)\n")
    step = hold([one_python.path, str(path)], env=ENV)
    step.wait_held()
    browser = page(step)
    browser.run("""window.told = [];
        new MutationObserver(() => told.push(live.textContent)).observe(live,
            {childList: true, characterData: true, subtree: true});""")
    begun = left(browser)
    wait_for(lambda: left(browser) <= begun - 2, "two seconds")
    assert browser.run("return told") == []
    browser.run("document.getElementById('one-release').focus()")
    browser.press(ENTER)
    wait_for(lambda: browser.run("return told"), "the change")
    assert browser.run("return told.pop()") == "stays.py: Running"
    assert browser.run("return document.activeElement.id") == "one-title"


def check_access(browser):
    """axe finds nothing serious, in both colours, on a desk and a phone."""
    package, = importlib.util.find_spec(
        "axe_playwright_python").submodule_search_locations
    with open(os.path.join(package, "axe.min.js")) as file:
        browser.run(file.read())
    for size in DESK, PHONE:
        browser.size(*size)
        assert browser.run("return document.documentElement.scrollWidth") <= (
            size[0])
        for dark in False, True:
            browser.dark(dark)
            found = browser.run_async(
                "axe.run().then(r => done(r.violations))")
            assert not [(v["id"], [n["html"] for n in v["nodes"]])
                        for v in found
                        if v["impact"] in ("serious", "critical")]


def test_access_to_the_token_form(held, browser):
    browser.open(url(held(), "wrong"))
    browser.wait_text("#wrong", "wrong")
    check_access(browser)


def test_access_to_a_hold_and_to_its_loss(held, page):
    browser = page(held())
    check_access(browser)
    browser.click("#one [data-abort]")
    check_access(browser)
    browser.click("#sure-no")
    offline(browser, True)
    browser.wait_seen("#trouble")
    check_access(browser)


def test_access_to_a_paused_step(held, page):
    step = held()
    client = step.attached(step.launch,
                           {step.path: [line_of(step.path, "module")]})
    client.where(client.stopped())
    browser = page(step)
    browser.wait_text("#one-state", "Paused")
    check_access(browser)


def test_access_to_a_step_that_failed(start, one_python, tmp_path, page):
    step = start([one_python.path, place(tmp_path, "fail.py")],
                 "--hold=crash", env=ENV)
    step.wait_held()
    check_access(page(step))


def test_access_to_eight_ranks(eight, page):
    browser = page(eight.step)
    browser.click("#others summary")
    check_access(browser)


def test_access_to_stacks(threads):
    browser = threads(*("t%d" % n for n in range(9)))
    take_stacks(browser, "9 more threads")
    browser.run("for (const e of document.querySelectorAll('details'))"
                "e.open = true")
    check_access(browser)


def test_access_to_the_stacks_of_eight_ranks(eight, page):
    browser = page(eight.step)
    take_stacks(browser, "ranks 0.7 .*main threads", "#many-stacks")
    check_access(browser)


# ---- what it keeps out --------------------------------------------------

def test_names_are_text_and_never_markup(hold, one_python, tmp_path, page):
    name = "<img src=x onerror=document.title='in'>.py"
    (tmp_path / name).write_text("print(1)\n")
    step = hold([one_python.path, str(tmp_path / name)], env=ENV)
    step.wait_held()
    browser = page(step)
    assert browser.text("#one-title") == name
    assert browser.run("return document.images.length") == 0


def test_no_other_script_runs_in_it(held, driver):
    browser = Browser(driver)
    try:
        browser.open(url(held()))
        browser.wait_seen("#one")
        browser.run("const s = document.createElement('script');"
                    "try { s.textContent = 'window.ran = 1';"
                    "document.body.append(s); } catch (e) {}")
        assert browser.run("return window.ran") is None
        assert any("Content Security Policy" in line or "TrustedHTML" in line
                   or "TrustedScript" in line for line in browser.console())
    finally:
        browser.end()
