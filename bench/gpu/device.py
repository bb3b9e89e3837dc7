"""The GPU of this machine, or the emulator in its place; and nvcc."""
import ctypes
import dataclasses
import os
import shutil
import signal
import subprocess

from libraries import TOP
from worker import Failed, command

CAPABILITY_MAJOR, CAPABILITY_MINOR, MULTIPROCESSORS = 75, 76, 16
EMULATE = os.path.join(TOP, "tests", "cuda", "emulate")


@dataclasses.dataclass
class Device:
    """What kernels are compiled for, and run on."""
    name: str
    arch: str = ""  # of nvcc, as sm_90; "": the emulator
    driver: str = ""
    memory: int = 0
    multiprocessors: int = 1

    def compiler(self, build):
        """Words that compile .cu files for it, and those that link with it."""
        includes = [f"-I{TOP}", f"-I{TOP}/runtime"]
        if not self.arch:
            return [EMULATE, "-O0", *includes], \
                [os.path.join(build, "tests", "cuda", "emulator.a"),
                 os.path.join(build, "libflux.a"), "-lm"]
        return [nvcc(), "-std=c++17", "-O3", "-fmad=false",
                f"-arch={self.arch}", *includes], ["-lm"]


def tool(name):
    """The path of a program of the CUDA toolkit; "" where it is not."""
    home = os.environ.get("CUDA_HOME", "/usr/local/cuda")
    return shutil.which(name) or \
        shutil.which(name, path=os.path.join(home, "bin")) or ""


def nvcc():
    return tool("nvcc")


def release():
    """nvcc's, in words."""
    lines = command(nvcc(), "--version").splitlines() if nvcc() else []
    return next((line for line in lines if "release" in line), "")


def found():
    """The first GPU, as its driver tells; None where there is none."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    count = ctypes.c_int()
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) \
            or count.value < 1:
        return None

    def attribute(number):
        value = ctypes.c_int()
        driver.cuDeviceGetAttribute(ctypes.byref(value), number, 0)
        return value.value

    name = ctypes.create_string_buffer(256)
    memory = ctypes.c_size_t()
    driver.cuDeviceGetName(name, len(name), 0)
    driver.cuDeviceTotalMem_v2(ctypes.byref(memory), 0)
    return Device(
        name.value.decode(),
        f"sm_{attribute(CAPABILITY_MAJOR)}{attribute(CAPABILITY_MINOR)}",
        driver_release(driver), memory.value,
        max(1, attribute(MULTIPROCESSORS)))


def driver_release(driver):
    """The driver's own number where Linux tells it, and its CUDA's."""
    version = ctypes.c_int()
    driver.cuDriverGetVersion(ctypes.byref(version))
    cuda = f"CUDA {version.value // 1000}.{version.value % 1000 // 10}"
    try:
        with open("/proc/driver/nvidia/version", encoding="utf-8") as file:
            words = file.readline().split()
        return next(word for word in words if word[0].isdigit()) + ", " + cuda
    except (OSError, StopIteration):
        return cuda


def limited(words, seconds, **options):
    """The exit code and the output of a command, which is killed with all that
    it has started after so long: then the code is None."""
    try:
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", start_new_session=True, **options)
    except OSError as error:
        raise Failed(f"{words[0]}: {error.strerror}") from None
    try:
        said, _ = process.communicate(timeout=max(seconds, 0.1))
        return process.returncode, said
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
        return None, said
