"""Docker Compose itself reads docker-compose.yml; no image is pulled and nothing is started."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _check(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["scripts/check_compose.sh", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)


def test_docker_compose_accepts_the_file() -> None:
    done = _check()
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr.lower()


def test_docker_compose_refuses_a_file_with_a_mistake(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("services:\n  mysql:\n    image: mysql\n    depends_on: [nobody]\n", encoding="utf-8")
    done = _check("-f", str(wrong), "config", "--quiet")
    assert done.returncode != 0
    assert "nobody" in done.stderr
