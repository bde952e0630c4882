"""`faltung serve`: the page, to this machine only."""
import re
import subprocess
import urllib.request


def test_shows_the_page_to_this_machine_only(faltung):
    (faltung.folder / "page.html").write_text("<!doctype html><title>卷积</title>")
    with subprocess.Popen([faltung.program, "serve", "--port", "0", "--page", "page.html"], cwd=faltung.folder, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True) as server:
        try:
            address, port = re.match(r"(http://127\.0\.0\.1:(\d+)/) ", server.stdout.readline()).groups()
            with urllib.request.urlopen(address, timeout=10) as answer:
                assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
                assert answer.read().decode() == "<!doctype html><title>卷积</title>"
            listening = [line.split()[1] for line in open("/proc/net/tcp").readlines()[1:] if line.split()[3] == "0A"]
            assert [entry for entry in listening if int(entry.split(":")[1], 16) == int(port)] == [f"0100007F:{int(port):04X}"]
            refused = faltung.refuses("serve", "--port", port, "--page", "page.html")
            assert "cannot be opened on 127.0.0.1" in refused
        finally:
            server.terminate()


def test_refuses_a_page_that_is_not_there(faltung):
    assert "none.html" in faltung.refuses("serve", "--page", "none.html")
