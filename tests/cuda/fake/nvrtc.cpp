/* libnvrtc.so of tests: compiles kernels for the emulator, with c++, and gives
 * a shared object for the driver beside it (driver.cpp), in which bind_NAME
 * makes a kernel with its arguments of pointers to them. The kernels' headers
 * are those below the current folder.
 *
 * FAKE_NVRTC_LOG=FILE gets a line for each text that is compiled.
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

namespace
{
struct Program {
    std::string text;
    std::string log;
    std::string code;
};

const char binding[] =
    "\n#include <tuple>\n"
    "template <class... T, size_t... I>\n"
    "static emulator::Kernel *\n"
    "bind_each(void (*kernel)(T...), void **a, std::index_sequence<I...>)\n"
    "{\n"
    "    auto all = std::make_tuple(*static_cast<T *>(a[I])...);\n"
    "    return emulator::bind([=] { std::apply(kernel, all); });\n"
    "}\n"
    "template <class... T>\n"
    "static emulator::Kernel *\n"
    "bind_all(void (*kernel)(T...), void **a)\n"
    "{\n"
    "    return bind_each(kernel, a, std::index_sequence_for<T...>());\n"
    "}\n";

std::string
read_all(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

void
write_all(const std::string &path, const std::string &text)
{
    std::ofstream file(path, std::ios::binary);
    file << text;
}

/* The text with a function bind_NAME for each kernel. */
std::string
with_bindings(const std::string &text)
{
    static const std::string mark = "__global__ void\n";
    std::string all = text + binding;
    for (size_t at = text.find(mark); at != std::string::npos;
         at = text.find(mark, at + 1)) {
        size_t from = at + mark.size();
        std::string name = text.substr(from, text.find('(', from) - from);
        all += "extern \"C\" emulator::Kernel *bind_" + name +
               "(void **a) { return bind_all(" + name + ", a); }\n";
    }
    return all;
}

std::string
own_folder()
{
    Dl_info info;
    dladdr(binding, &info);
    std::string path = info.dli_fname;
    return path.substr(0, path.rfind('/'));
}

int
compile(Program *program, const std::string &folder)
{
    std::string source = folder + "/kernels.cpp";
    std::string object = folder + "/kernels.so";
    std::string log = folder + "/log";
    const char *level = getenv("FAKE_NVRTC_OPT");
    write_all(source, with_bindings(program->text));
    std::string command =
        std::string("c++ -std=c++17 -w -fPIC -shared -I. ") +
        (level != nullptr ? level : "-O0") +
        " -D__CUDACC_RTC__ '-DFLUX_CUDA_EMULATOR=\"tests/cuda/emulator.h\"' " +
        source + " -o " + object + " " + own_folder() + "/libcuda.so.1 >" +
        log + " 2>&1";
    int failed = system(command.c_str());
    std::string bytes = read_all(object);
    size_t size = bytes.size();
    program->log = read_all(log);
    program->code = "fakebin\n" +
                    std::string(reinterpret_cast<char *>(&size), sizeof size) +
                    bytes;
    remove(source.c_str());
    remove(object.c_str());
    remove(log.c_str());
    return failed != 0 ? 6 : 0;
}
} // namespace

extern "C" {
int
nvrtcVersion(int *major, int *minor)
{
    *major = 99;
    *minor = 1;
    return 0;
}

const char *
nvrtcGetErrorString(int)
{
    return "FAKE_ERROR";
}

int
nvrtcCreateProgram(Program **program, const char *text, const char *, int,
                   const char *const *, const char *const *)
{
    *program = new Program{text, "", ""};
    return 0;
}

int
nvrtcDestroyProgram(Program **program)
{
    delete *program;
    *program = nullptr;
    return 0;
}

int
nvrtcCompileProgram(Program *program, int, const char *const *)
{
    char folder[] = "/tmp/fake-nvrtc-XXXXXX";
    const char *log = getenv("FAKE_NVRTC_LOG");
    if (log != nullptr)
        std::ofstream(log, std::ios::app) << "compiled\n";
    if (getenv("FAKE_NVRTC_FAILS") != nullptr) {
        program->log = "model.cu(1): error: no luck\n";
        return 6;
    }
    if (mkdtemp(folder) == nullptr)
        return 1;
    int error = compile(program, folder);
    rmdir(folder);
    return error;
}

int
nvrtcGetProgramLogSize(Program *program, size_t *bytes)
{
    *bytes = program->log.size() + 1;
    return 0;
}

int
nvrtcGetProgramLog(Program *program, char *log)
{
    strcpy(log, program->log.c_str());
    return 0;
}

int
nvrtcGetCUBINSize(Program *program, size_t *bytes)
{
    *bytes = program->code.size();
    return 0;
}

int
nvrtcGetCUBIN(Program *program, char *code)
{
    memcpy(code, program->code.data(), program->code.size());
    return 0;
}
}
