"""Floods from one address: an honest client's logon is not kept waiting, from another address or from the same."""
import json
import statistics
import subprocess
import time

from harness import PASSWORD, check, check_equal, test

ATTACKER = "127.0.0.9"
TRIES = 15


def logon_times(case, server, client, tries=TRIES):
    """Seconds that each of some honest logons takes, with a file opened after it."""
    prober = subprocess.Popen([case.state.program("bossa-probe"), "--port", str(server.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    times = []
    for _ in range(tries):
        began = time.monotonic()
        prober.stdin.write(json.dumps({"user": "tester", "password": PASSWORD, "share": "share", "path": "", "client": client}).encode() + b"\n")
        prober.stdin.flush()
        answer = json.loads(prober.stdout.readline())
        times.append(time.monotonic() - began)
        check(answer["allowed"], "an honest client from", client, "was refused:", answer)
    prober.stdin.close()
    prober.wait(10)
    return times


class Flood:
    """1,000 half-open and 200 guessing connections to a server for as long as the scope lasts."""

    def __init__(self, case, server):
        self.process = subprocess.Popen([case.state.program("bossa-flood"), "--port", str(server.port), "--from", ATTACKER, "--user", "tester",
                                         "--half-open", "1000", "--guesses", "200"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        check_equal(self.process.stdout.readline(), b"ready\n", "the flood's beginning")
        time.sleep(2)
        return self

    def __exit__(self, *_):
        self.figures = json.loads(self.process.communicate(b"", timeout=30)[0])


@test("1,000 half-open and 200 guessing connections: honest logons take at most twice their time, 2 s more from the same address", alone=True,
      servers=("bossad",))
def flood(case):
    server, other = case.start(), case.start()
    # What the flood itself costs a small machine is not the server's doing: the usual time is taken while it hits another server.
    with Flood(case, other):
        usual = statistics.median(logon_times(case, server, "127.0.0.5"))
    with Flood(case, server) as flooding:
        elsewhere, same = logon_times(case, server, "127.0.0.5"), logon_times(case, server, ATTACKER)
    figures = flooding.figures
    told = "usually %.1f ms; elsewhere %.1f (worst %.1f), same address %.1f (worst %.1f); %s" % (
        usual * 1000, statistics.median(elsewhere) * 1000, max(elsewhere) * 1000, statistics.median(same) * 1000, max(same) * 1000, figures)
    print("      " + told, flush=True)
    # 10 ms: what the clock and a busy machine add to a time of a few milliseconds
    check(statistics.median(elsewhere) <= 2 * usual + 0.01, "from another address:", told)
    check(max(same) <= usual + 2, "from the same address:", told)
    check(figures["opened"] >= 1000 and figures["successes"] == 0, told)
    # guesses at one account from one address are answered one after the other
    check(figures["refused guesses"] <= 60, "guesses that were answered:", told)
    check("on which nobody has logged on" in server.messages(), "no line about the limit of half-open connections")


@test("a failed logon is answered late, a success at once, also of the same account and beside failing ones; the delay is a parameter", servers=("bossad",))
def delays(case):
    for option, least, most in ((None, 1.9, 6), ("1", 0.9, 4), ("0", 0, 1.5)):
        server = case.start({"bossa:failed logon delay": option})
        began = time.monotonic()
        failing = subprocess.Popen([case.state.program("bossa-probe"), "--port", str(server.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        failing.stdin.write(json.dumps({"user": "tester", "password": "wrong", "share": "share"}).encode() + b"\n")
        failing.stdin.flush()
        time.sleep(0.05)
        check(max(logon_times(case, server, "127.0.0.1", 3)) < 1.5, "a success was kept waiting")
        check_equal(json.loads(failing.stdout.readline())["status"], "STATUS_LOGON_FAILURE", "the wrong password")
        took = time.monotonic() - began
        failing.stdin.close()
        failing.wait(10)
        check(least <= took <= most, "the answer to a wrong password came after %.2f s with %s" % (took, option))
        server.stop()


@test("a connection on which nobody logs on ends after `bossa:logon time limit`", servers=("bossad",))
def time_limit(case):
    from smb_raw import Raw
    server = case.start({"bossa:logon time limit": "1"})
    with Raw(server) as raw:
        check_equal(raw.receive(timeout=8), b"", "a connection that says nothing")
    case.smbclient(server, "share", "ls").must()
