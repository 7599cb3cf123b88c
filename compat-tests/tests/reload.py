"""Reload under load: the configuration is swapped again and again while clients work, and nobody notices."""
import json
import os
import re
import signal
import subprocess
import threading
import time

from control import Socket
from harness import PASSWORD, check, check_equal, test

BOSSAD = ("bossad",)
BROKEN = ("[global]\n\tread only = perhaps\n", "[open\n\tpath = /\n", "[]\n", "\t= nothing\n", "[global]\n\tserver min protocol = SMB3_11\n\tserver max protocol = SMB2_02\n",
          "[copied]\n\tcopy = nowhere\n", "[global]\n\tmax log size = many\n\tcreate mask = 9\n")


def replace(server, text):
    with open(server.conf + ".new", "w") as f:
        f.write(text)
    os.rename(server.conf + ".new", server.conf)


class Observer(threading.Thread):
    """Lists the shares without end; in one answer all must come from one configuration."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.seen, self.problem, self.ending = server, {}, None, False

    def run(self):
        from impacket.smbconnection import SMBConnection
        try:
            connection = SMBConnection("127.0.0.1", "127.0.0.1", sess_port=self.server.port, timeout=30)
            connection.login("tester", PASSWORD)
            while not self.ending:
                remarks = {}
                for share in connection.listShares():
                    remarks[share["shi1_netname"][:-1]] = share["shi1_remark"][:-1]
                mine = {remark for name, remark in remarks.items() if name.startswith("mark")}
                check(len(mine) == 1, "one listing shows two configurations:", remarks)
                letter = mine.pop()
                check("only" + letter in remarks and len([n for n in remarks if n.startswith("only")]) == 1, "torn listing:", remarks)
                self.seen[letter] = self.seen.get(letter, 0) + 1
            connection.close()
        except Exception as error:
            self.problem = error


@test("50 clients transfer while the configuration is swapped 100 times, good and broken by turns: none fails, nothing is torn", alone=True, servers=BOSSAD)
def under_load(case):
    swaps, began = 100, time.monotonic()
    server = case.prepare({"log level": "0"}, {"share": {}})
    base = open(server.conf).read()
    texts = {}
    for letter in "AB":
        marks = "".join("[mark%d]\n\tpath = %s\n\tcomment = %s\n" % (i, server.data("share"), letter) for i in range(20))
        texts[letter] = base + marks + "[only%s]\n\tpath = %s\n" % (letter, server.data("share"))
        texts[letter] += "[share]\n\tcreate mask = %s\n" % ("0640" if letter == "A" else "0600")
    replace(server, texts["A"])
    server.start()
    clients = subprocess.Popen([case.state.program("bossa-transfer"), "--server", "127.0.0.1:%d" % server.port, "--user", "tester", "--password",
                                PASSWORD, "--share", "share", "--connections", "50", "--seconds", "120"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    observer = Observer(server)
    observer.start()
    try:
        with Socket(server) as socket:
            for i in range(swaps):
                good = i % 2 == 0
                letter = "BA"[i // 2 % 2]
                replace(server, texts[letter] if good else base + BROKEN[i // 2 % len(BROKEN)])
                if i % 4 < 2:
                    answer = socket.ask(bossa=1, command="reload-config")
                    check_equal(answer["ok"], good, "taken, swap %d: %s" % (i, str(answer)[:500]))
                    if good and i > 0:
                        changed = {c["new"] for c in answer["result"]["changes"] if c["parameter"] == "comment"}
                        check_equal(changed, {letter}, "comments after swap %d" % i)
                else:
                    server.hup()
                    check(socket.ask(bossa=1, command="ping")["ok"], "no answer after SIGHUP")
                check(clients.poll() is None, "the clients ended early")
                check(observer.problem is None, observer.problem)
                time.sleep(0.05)
    finally:
        observer.ending = True
        out, errors = clients.communicate(timeout=60)
    observer.join(30)
    check(observer.problem is None and not observer.is_alive(), observer.problem)
    check(clients.returncode == 0, errors.decode()[-2000:], out.decode())
    done = json.loads(out)
    check(done["transfers"] >= 50 and done["logons"] >= 50, done)
    check(len(observer.seen) == 2, "only one configuration was ever seen:", observer.seen)
    log = server.messages()
    check_equal(len(re.findall("the old configuration stays in force", log)), swaps // 2, "refusals in the log")
    check_equal(len(re.findall(r"reload, by .* is in force", log)), swaps // 2, "reloads in the log")
    check_equal(os.listdir(server.data("share")), [], "files left behind")
    check(time.monotonic() - began < 60, "took", time.monotonic() - began, "s")
