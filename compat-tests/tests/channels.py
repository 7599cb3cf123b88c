"""Multichannel: sessions whose channels are cut."""
import json
import os

from harness import PASSWORD, check, run, test


@test("four channels, cut again and again before, during and after requests: no operation fails, none is done late or lost",
      servers=("bossad",), alone=True, slow=True)
def cut_channels(case):
    full = bool(os.environ.get("BOSSA_FULL"))
    server = case.standard()
    status, text = run([case.state.program("bossa-channels"), "--server", "127.0.0.1:%d" % server.port, "--user", "tester", "--password", PASSWORD,
                        "--share", "share", "--local", server.data("share"), "--mib", "10240" if full else "512", "--cuts", "110" if full else "20"],
                       timeout=3600 if full else 120)
    check(status == 0, text)
    result = json.loads(text.strip().splitlines()[-1])
    print("# %s" % result)
    check(result["failed"] == 0 and result["replays"] > 0 and result["lifecycles"] > 0, text)
