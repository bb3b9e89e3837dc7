"""mutate.py FOLDER SEED KEPT: changes one place of the kernels of a folder's .cu
files or of the headers that they use, of which copies go into the folder, and
prints it. A header that is changed goes into the folder KEPT, too, with what was
printed; where there is one, that is the change.

A place is an operator, a number, a barrier or a launch; the seed picks one.
"""
import glob
import os
import random
import re
import shutil
import sys

# What optimisers forget is below 2^-95: a moment of just that tells nothing
# beside a gradient of a model.
CHANGES = [
    (r" < (?!2\.524355e-29f)", " <= "), (r" < (?=2\.524355e-29f)", " > "),
    (r" >= ", " > "), (r" \+ ", " - "), (r" - ", " + "),
    (r" \* ", " + "), (r" / ", " * "), (r" % ", " / "), (r"\b0\.0f", "1.0f"),
    (r" > ", " >= "), (r" -= ", " += "), (r" \+= ", " -= "),
    (r" \|\| ", " && "), (r"__syncthreads\(\);", ";"),
    (r"error = FLUX_(EACH|TILES)\(", r"error = cudaSuccess; if (0) FLUX_\1("),
]
# A header's name, and how the calls of what it holds begin.
HEADERS = [("flux_gpu_product.h", "flux_tile_"),
           ("flux_gpu_product_body.h", "flux_gpu_(product|layer|sums)_"),
           ("flux_gpu_sum_body.h", "flux_gpu_sum_"),
           ("flux_gpu_max_body.h", "flux_gpu_(max|argmax)_"),
           ("flux_gpu_windows_body.h", "flux_gpu_windows_")]


def kernel_lines(text):
    """The numbers of the lines in kernels, and of those that launch them."""
    inside = False
    for number, line in enumerate(text):
        if "__global__" in line or "__device__" in line:
            inside = True
        elif line.startswith("}"):
            inside = False
        code = line.strip()
        comment = code.startswith(("/*", "*", "static", "#"))
        if (inside and not comment) or re.search(r"error = FLUX_", line):
            yield number


def shown(text, number):
    """A line, behind the one before it where it is not the only such line."""
    line = text[number].strip()
    if sum(other.strip() == line for other in text) > 1:
        return text[number - 1].strip() + " " + line
    return line


def main():
    """Picks a place, and changes it, or takes what is kept."""
    folder, seed, kept = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    kernels = os.path.join(folder, "kernels")
    os.makedirs(kernels, exist_ok=True)
    if os.path.exists(os.path.join(kept, "change")):
        for path in glob.glob(kept + "/*.h"):
            shutil.copy(path, kernels)
        with open(os.path.join(kept, "change"), encoding="utf-8") as file:
            print(file.read(), end="")
        return
    emitted = ""
    for path in glob.glob(folder + "/*.cu"):
        with open(path, encoding="utf-8") as file:
            emitted += file.read()
    for header, call in HEADERS:
        if re.search(call, emitted):
            shutil.copy(os.path.join("kernels", header), kernels)
    places = []
    for path in sorted(glob.glob(folder + "/*.cu") + glob.glob(kernels + "/*")):
        with open(path, encoding="utf-8") as file:
            text = file.read().split("\n")
        for number in kernel_lines(text):
            for old, new in CHANGES:
                for match in re.finditer(old, text[number]):
                    places.append((path, number, match, match.expand(new)))
    path, number, match, new = random.Random(seed).choice(places)
    with open(path, encoding="utf-8") as file:
        text = file.read().split("\n")
    line, before = text[number], shown(text, number)
    text[number] = line[:match.start()] + new + line[match.end():]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(text))
    change = (f"{os.path.basename(path)}:{number + 1}: `{before}`"
              f" → `{text[number].strip()}`")
    print(change)
    if path.endswith(".h"):
        shutil.copy(path, kept)
        with open(os.path.join(kept, "change"), "w", encoding="utf-8") as file:
            print(change, file=file)


main()
