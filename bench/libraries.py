"""What of others' libraries is here, and the settings to try with each."""
import os
import re
import shutil

from worker import Failed, Missing, command

BENCH = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(BENCH)


def cpu_flags():
    """What the CPU can, by Linux's names."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            found = re.search(r"^(?:flags|Features)\s*: (.*)$", file.read(),
                              re.MULTILINE)
    except OSError:
        return set()
    return set(found.group(1).split()) if found else set()


def c_compiler():
    """The compiler of what is not ours."""
    for name in ("gcc", "clang", "cc"):
        if shutil.which(name):
            return name
    raise Missing("no C compiler")


def library(name, call, tries):
    """The first flags that compile and link a call of a library."""
    program = "#include <%s>\nint main(void) { return %s; }\n" % call
    for flags in tries:
        try:
            command(c_compiler(), "-x", "c", "-", "-o", os.devnull, *flags,
                    "-lm", input=program)
            return flags
        except Failed:
            pass
    raise Missing(f"no {name}")


def packaged(*packages):
    """Flags by pkg-config, of those packages that it knows."""
    found = []
    for package in packages:
        try:
            found.append(command("pkg-config", "--cflags", "--libs",
                                 package).split())
        except Failed:
            pass
    return found


def openblas_find():
    tries = [["-I" + folder, "-L" + folder.replace("include", "lib"),
              "-lopenblas"] for folder in debian("openblas-pthread")]
    return library("OpenBLAS", ("cblas.h", "openblas_get_config() == 0"),
                   tries + packaged("openblas", "openblas64") +
                   [["-lopenblas"], ["-I/usr/include/openblas",
                                     "-lopenblas"]])


def blis_find():
    tries = [["-I" + folder, "-L" + folder.replace("include", "lib"),
              "-lblis"] for folder in debian("blis-pthread")]
    return library("BLIS", ("blis.h", "bli_info_get_version_str() == 0"),
                   tries + [["-lblis"], ["-I/usr/include/blis", "-lblis"]])


def debian(package):
    """Where Debian puts the headers of one of several BLAS."""
    found = "/usr/include"
    folders = [os.path.join(found, name, package) for name in
               (os.listdir(found) if os.path.isdir(found) else [])]
    return [folder for folder in folders if os.path.isdir(folder)]


def dnnl_find():
    return library("oneDNN", ("dnnl.h", "dnnl_version() == 0"),
                   [["-ldnnl"]] + packaged("dnnl"))


def xsmm_find():
    return library("libxsmm", ("libxsmm.h", "libxsmm_get_target_archid()"),
                   [["-lxsmm", "-lxsmmnoblas", "-ldl", "-lpthread", "-lrt"]])


def openblas_variants():
    """Its own choice, and each set of kernels that this CPU can run.

    Releases do not know CPUs that came later, and then choose a lesser set.
    """
    cpu = cpu_flags()
    cores = [("avx2", "Haswell"), ("avx512f", "SkylakeX"),
             ("avx512_bf16", "SapphireRapids")]
    return [{}] + [{"OPENBLAS_CORETYPE": core} for flag, core in cores
                   if flag in cpu]


def blis_variants():
    """Its own choice, and its kernels for AVX-512 (0 is skx)."""
    return [{}, {"BLIS_ARCH_TYPE": "0"}] if "avx512f" in cpu_flags() else [{}]


def python_find(*modules):
    """An interpreter that has modules: of `make bench-peers`, or another."""
    peers = os.environ.get("PEERS", os.path.join(TOP, "build", "peers"))
    tries = [os.path.abspath(os.path.join(peers, "bin", "python")), "python3"]
    return interpreter(tries, modules)


def interpreter(tries, modules):
    for python in tries:
        try:
            command(python, "-c", "import importlib.util, sys\n"
                    "sys.exit(any(importlib.util.find_spec(m) is None "
                    "for m in sys.argv[1:]))", *modules)
            return [python]
        except Failed:
            pass
    raise Missing("no " + " with ".join(modules) + ": make bench-peers")


def debian_torch_find():
    """The system's interpreter with the system's PyTorch."""
    return interpreter(["/usr/bin/python3"], ["torch"])


def torch_find():
    return python_find("torch")


def jax_find():
    return python_find("jax")


def onnx_find():
    return python_find("onnxruntime", "onnx")


def torch_settings(*modes):
    """Each mode as it comes; the first also with all that it has for AVX-512,
    in its BLAS as well."""
    found = [{"BENCH_MODE": mode} for mode in modes]
    if "avx512f" in cpu_flags():
        found.insert(1, {**found[0], "ATEN_CPU_CAPABILITY": "avx512",
                         "OPENBLAS_CORETYPE": "SkylakeX"})
    return found


def debian_torch_variants():
    return torch_settings("plain")


def torch_variants():
    return [{"BENCH_MODE": "plain"}, {"BENCH_MODE": "fused"}]


def compiled_variants():
    return [{"BENCH_MODE": "compiled"}, {"BENCH_MODE": "autotuned"}]
