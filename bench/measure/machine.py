"""What a result was measured on: without it, a number says nothing."""

import datetime
import glob
import importlib.metadata
import os
import platform
import subprocess

FLAGS = ["avx2", "fma", "avx512f", "avx512vl", "avx512_bf16", "avx512_vnni", "amx_tile", "asimd", "sve", "hypervisor"]


def _read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def _cpuinfo(key):
    for line in _read("/proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return ""


def _caches():
    caches = {}
    for folder in sorted(glob.glob("/sys/devices/system/cpu/cpu0/cache/index*")):
        kind = _read(folder + "/type")
        if kind != "Instruction":
            caches["L" + _read(folder + "/level")] = _read(folder + "/size")
    return caches


def flags():
    return set((_cpuinfo("flags") or _cpuinfo("Features")).split())


def describe():
    pairs = [(key, _cpuinfo(key)) for key in ("vendor_id", "model name", "cpu family", "model", "stepping")]
    return {
        "cpu": {key.replace(" ", "_"): value for key, value in pairs if value},
        "architecture": platform.machine(),
        "flags": [flag for flag in FLAGS if flag in flags()],
        "cores": os.cpu_count(),
        "caches": _caches(),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") or "unknown",
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", ""),
        "load_before": round(os.getloadavg()[0], 2),
        "date": datetime.date.today().isoformat(),
    }


def _git(root):
    command = ["git", "-C", root, "describe", "--always", "--dirty", "--tags"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def versions(library, root):
    found = {
        "faltung": f"{library.text('version_faltung')} ({_git(root)})",
        "oneDNN": library.text("version_onednn"),
        "FFTW": library.text("version_fftw"),
        "OpenBLAS": f"{library.text('version_openblas').split()[1]}, kernels {library.text('kernel_openblas')}",
        "python": platform.python_version(),
    }
    for package in ("onnxruntime", "openvino", "ncnn", "scipy-openblas32", "scipy", "numpy", "onnx"):
        found[package] = importlib.metadata.version(package)
    return found
