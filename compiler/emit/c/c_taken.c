/* Names that a model cannot have in C. A model's type and its header are named
 * by it, and stand beside what C11, POSIX and CUDA declare: a model `time`
 * would keep a program from including <time.h>, and its own time.h be taken for
 * that.
 */
#include "emit/emit.h"

#include <string.h>

/* Functions that have a form for float and one for long double, too. */
static const char mathematics[] =
    " acos acosh asin asinh atan atan2 atanh cabs cacos cacosh carg casin "
    "casinh catan catanh cbrt ccos ccosh ceil cexp cimag clog conj copysign "
    "cos cosh cospi cpow cproj creal csin csinh csqrt ctan ctanh erf erfc "
    "erfcinv erfcx erfinv exp exp10 exp2 expm1 fabs fdim floor fma fmax fmin "
    "fmod frexp gamma hypot ilogb j0 j1 jn ldexp lgamma llrint llround log "
    "log10 log1p log2 logb lrint lround modf nan nearbyint nextafter "
    "nexttoward norm norm3d norm4d normcdf normcdfinv pow rcbrt remainder "
    "remquo rhypot rint rnorm rnorm3d rnorm4d round rsqrt scalb scalbln "
    "scalbn significand sin sincos sincospi sinh sinpi sqrt tan tanh tgamma "
    "trunc y0 y1 yn ";

static const char others[] =
    /* C11 */
    " abort abs asctime atexit atof atoi atol atoll bsearch btowc calloc "
    "clearerr clock ctime difftime div exit fclose feof ferror fflush fgetc "
    "fgetpos fgets fgetwc fgetws fopen fprintf fputc fputs fputwc fputws "
    "fread free freopen fscanf fseek fsetpos ftell fwide fwprintf fwrite "
    "fwscanf getc getchar getenv getwc getwchar gmtime imaxabs imaxdiv "
    "isalnum isalpha isblank iscntrl isdigit isfinite isgraph islower "
    "isnormal isprint ispunct isspace isupper isxdigit labs ldiv llabs lldiv "
    "localeconv localtime longjmp malloc mblen mbrlen mbrtowc mbsinit "
    "mbstowcs mbtowc memchr memcmp memcpy memmove memset mktime perror printf "
    "putc putchar puts putwc putwchar qsort raise rand realloc remove rename "
    "rewind scanf setbuf setjmp setlocale setvbuf snprintf sprintf srand "
    "sscanf strcat strchr strcmp strcoll strcpy strcspn strerror strftime "
    "strlen strncat strncmp strncpy strpbrk strrchr strspn strstr strtod "
    "strtok strtol strtoll strtoul strtoull strxfrm swprintf swscanf system "
    "tmpfile tmpnam tolower toupper towlower towupper ungetc ungetwc vprintf "
    "vscanf wprintf wscanf "
    /* its headers */
    "assert complex ctype errno fenv float flux inttypes limits locale math "
    "signal stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib "
    "string tgmath threads time uchar wchar wctype "
    /* POSIX */
    "accept access acct alarm bcmp bcopy bind brk bzero chdir chmod chown "
    "chroot close connect creat crypt daemon drand48 dup dup2 encrypt environ "
    "ffs fork fsync getopt getpid getuid index ioctl isatty kill link listen "
    "lockf lseek mkdir mmap mount munmap nice open optarg opterr optind "
    "pause pclose pipe poll popen pread pthread pwrite random read readlink "
    "recv rindex rmdir sbrk select send shutdown sigaction sleep socket "
    "srandom stat strdup strings strsep swab symlink sync syscall tee "
    "truncate tzset umask uname unistd unlink usleep utime vfork wait waitpid "
    "write "
    /* CUDA */
    "char1 char2 char3 char4 clock64 cuda dim3 double1 double2 double3 "
    "double4 float1 float2 float3 float4 int1 int2 int3 int4 llmax llmin "
    "long1 long2 long3 long4 max min short1 short2 short3 short4 uint1 uint2 "
    "uint3 uint4 ullmax ullmin umax umin umul24 warpsize ";

static bool
has_word(const char *words, const char *name, size_t length)
{
    for (const char *p = strstr(words, name); p != NULL;
         p = strstr(p + 1, name))
        if (p[-1] == ' ' && p[length] == ' ')
            return true;
    return false;
}

const char *
emit_model_name(Arena *arena, const char *name)
{
    const char *text = emit_c_name(arena, name);
    size_t length = strlen(text);
    bool taken =
        has_word(mathematics, text, length) || has_word(others, text, length);
    char last = length > 1 ? text[length - 1] : ' ';
    if (last == 'f' || last == 'l')
        taken = taken ||
                has_word(mathematics, arena_string(arena, text, length - 1),
                         length - 1);
    return taken ? arena_printf(arena, "%s_net", text) : text;
}
