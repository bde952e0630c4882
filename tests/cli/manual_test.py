"""The man page and the shell completions: as tools/manual makes them of --help, and what they do."""
import os
import pathlib
import pty
import select
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANUAL = ROOT / "apps/cli/manual"


def test_they_say_what_help_says(tmp_path):
    subprocess.run([ROOT / "tools/manual", tmp_path], check=True)
    for path in tmp_path.iterdir():
        assert path.read_text() == (MANUAL / path.name).read_text(), f"{path.name} is old: run tools/manual"


def test_man_formats_the_page():
    if not shutil.which("man"):
        pytest.skip("no man here")
    done = subprocess.run(["man", "--warnings", "--encoding=UTF-8", "--local-file", MANUAL / "faltung.1"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    text = done.stdout
    assert "conv-transpose" in text and "f = c·s + k·d − p" in text and "EXIT STATUS" in text and "\\" not in text


def bash(folder):
    """What bash offers for the last of some words."""
    script = f'source {MANUAL}/faltung.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _faltung; printf "%s\\n" "${{COMPREPLY[@]}}"'

    def offers(*words):
        done = subprocess.run(["bash", "-c", script, "bash", *words], cwd=folder, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout.split()

    yield offers


def fish(folder):
    def offers(*words):
        script = f"source {MANUAL}/faltung.fish; complete -C '{' '.join(words)}'"
        done = subprocess.run(["fish", "--no-config", "-c", script], cwd=folder, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return [line.partition("\t")[0] for line in done.stdout.splitlines()]

    yield offers


# zsh completes only what is typed into a terminal: here it says, between two control characters, what each tab offers
ZSH = r"""
fpath=(%s $fpath)
autoload -Uz compinit && compinit -D -u
PROMPT=
unset zle_bracketed_paste
typeset -aU offers
compadd() {
  if [[ ${@[1,(i)(-|--)]} != *-(O|A|D)\ * ]]; then
    local -a added
    builtin compadd -A added "$@"
    offers+=($added)
  fi
  builtin compadd "$@"
}
say() { print -rn -- $'\x01'"$offers"$'\x02'; offers=() comppostfuncs=(say) }
comppostfuncs=(say)  # for the next one, each time
bindkey '^I' complete-word
bindkey '^U' kill-buffer
print -n $'\x02'
"""


def zsh(folder):
    settings = folder / "zsh"
    settings.mkdir()
    (settings / ".zshrc").write_text(ZSH % MANUAL)
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execvpe("zsh", ["zsh", "-d", "-i"], {**os.environ, "ZDOTDIR": str(settings), "TERM": "dumb"})

    def said():
        """Up to the end of what it says next."""
        text = b""
        while not text.endswith(b"\x02"):
            assert select.select([terminal], [], [], 60)[0], text
            text += os.read(terminal, 1)
        return text[:-1].rpartition(b"\x01")[2].decode()

    def offers(*words):
        os.write(terminal, b"\x15" + " ".join(words).encode() + b"\t")
        return said().split()

    said()
    yield offers
    os.close(terminal)  # hangs up
    os.waitpid(child, 0)


@pytest.fixture(params=[bash, fish, zsh], scope="module")
def complete(request, tmp_path_factory):
    """A shell, in a folder with two files: from words, of which the last is not complete, to what it offers there."""
    shell = request.param.__name__
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    folder = tmp_path_factory.mktemp(shell)
    for name in ["x.npy", "w.npy"]:
        (folder / name).touch()
    yield from request.param(folder)


@pytest.mark.parametrize("words, offers", [
    (["faltung", "con"], ["conv", "conv-transpose"]),
    (["faltung", "--ver"], ["--version"]),
    (["faltung", "conv", "--bo"], ["--boundary"]),
    (["faltung", "conv", "x.npy", "--boundary", "re"], ["reflect", "replicate"]),
    (["faltung", "conv", "--stride", ""], []),
    (["faltung", "conv", "x"], ["x.npy"]),
    (["faltung", "conv", "x.npy", "--weight", "w"], ["w.npy"]),
    (["faltung", "grad", "we"], ["weight"]),
    (["faltung", "grad", "--he"], ["--help"]),
    (["faltung", "grad", "weight", "--in"], ["--input"]),
    (["faltung", "matrix", "--form", ""], ["folded", "padded"]),
])
def test_shells_complete(complete, words, offers):
    assert complete(*words) == offers


def test_every_command_and_option_is_offered(faltung, complete):
    from help_test import commands_of
    commands = commands_of(faltung("--help").stdout)
    assert set(commands) <= set(complete("faltung", ""))
    for command in commands:
        said = faltung(command, "--help").stdout
        offered = complete("faltung", command, "-")
        assert offered
        for option in offered:
            assert option in said, (command, option)
        assert "--help" in complete("faltung", command, "--h")
