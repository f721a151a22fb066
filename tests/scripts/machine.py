"""A machine as a test wants it: a clone of the scripts, and a PATH on which little is found.

Rust, Python, pip and cargo are stand-ins that note in `calls` what they were asked to do.
"""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMANDS = "bash cat chmod cksum cp cut dirname env find grep head id mkdir mv rm sed sh sleep tail tr uname".split()
RUSTC = """#!/bin/sh
case "$*" in *sysroot*) echo "$(dirname "$0")/sysroot";; *) echo "rustc VERSION (0123456 2026-01-01)";; esac
"""
PYTHON = r"""#!/bin/sh
case "$*" in
  *version_info*) ;;
  *"-m venv"*) echo venv >>"$CALLS"
    for folder; do :; done
    rm -rf "$folder"; mkdir -p "$folder/bin"; cp "$0" "$folder/bin/python" ;;
  *"pip install"*) echo pip >>"$CALLS"; [ ! -e "$CALLS.pip-fails" ] ;;
esac
"""
CARGO = r"""#!/bin/sh
echo "cargo $*" >>"$CALLS"
[ ! -e "$CALLS.cargo-fails" ] || exit 1
while [ "$1" != --target-dir ]; do shift; done
mkdir -p "$2/release"
cat >"$2/release/lessons-kernel" <<'END'
#!/bin/sh
echo "kernel $*" >>"$CALLS"
name=lessons; specs=$3/share/jupyter/kernels; binary=$PWD/$0
while [ $# -gt 0 ]; do if [ "$1" = --name ]; then name=$2; fi; shift; done
mkdir -p "$specs/$name"; echo "{\"argv\": [\"$binary\"]}" >"$specs/$name/kernel.json"
END
chmod +x "$2/release/lessons-kernel"
"""


class Machine:
    """A clone of the scripts, and a PATH on which only what a test puts there is found."""

    def __init__(self, folder: Path):
        self.clone = folder / "a clone"
        shutil.copytree(ROOT / "scripts", self.clone / "scripts")
        shutil.copy(ROOT / "Cargo.toml", self.clone)
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.calls_file = folder / "calls"
        for name in COMMANDS:
            (self.bin / name).symlink_to(shutil.which(name))
        self.has("rustc", RUSTC.replace("VERSION", "1.99.0"))
        self.has("cargo", CARGO)
        self.has("cc", "#!/bin/sh\n")
        self.has("python3", PYTHON)
        (self.bin / "sysroot/lib/rustlib/src/rust/library").mkdir(parents=True)

    def has(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(script)
        path.chmod(0o755)

    def lacks(self, name: str) -> None:
        (self.bin / name).unlink()

    def run(self, *command: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(self.clone / command[0]), *command[1:]],
            env={"PATH": str(self.bin), "HOME": str(self.clone), "CALLS": str(self.calls_file)},
            capture_output=True,
            text=True,
        )

    def shell(self, script: str) -> subprocess.CompletedProcess:
        """Runs `script` with scripts/lib.sh loaded."""
        return self.run(
            str(self.bin / "bash"), "-c", f'set -euo pipefail; . "$0/scripts/lib.sh"; {script}', str(self.clone)
        )

    def check_tools(self) -> subprocess.CompletedProcess:
        return self.shell("check_tools cpu")

    def calls(self) -> list[str]:
        """What the stand-ins were asked since this was last looked at."""
        if not self.calls_file.exists():
            return []
        calls = self.calls_file.read_text().splitlines()
        self.calls_file.unlink()
        return calls

    def fails(self, tool: str, yes: bool = True) -> None:
        marker = Path(f"{self.calls_file}.{tool}-fails")
        if yes:
            marker.touch()
        else:
            marker.unlink()
