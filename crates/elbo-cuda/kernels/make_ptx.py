"""Compiles the kernels to PTX with NVRTC: `python3 make_ptx.py path/to/libnvrtc.so.12 [--check | --assemble sm_90]`.

One file a family goes to `ptx/`, its first line the checksum of what it was made from. `cargo xtask ptx` fetches the
library and runs this. PTX 8.0 for compute capability 8.0 is what every driver since 525 and every GPU since Ampere take.
Beside it, code for Hopper (H100, H200) goes to `sm_90/`, so that no driver has to compile there; `sm_90/made-from` has for
each file its own checksum and that of its source.
`--assemble` goes on to a device's own code, as a driver would, and prints what each kernel needs of it; it writes nothing.
"""

import ctypes
import hashlib
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
# No product and sum becomes one instruction unless the source says so: a call's bits must not depend on which kernel it is in.
OPTIONS = ["--std=c++17", "--fmad=false", f"--include-path={HERE}"]


def sources(kernel):
    """What a kernel file is made of: all shared parts, then the file."""
    return sorted(HERE.glob("*.cuh")) + [kernel]


def checksum(kernel):
    digest = hashlib.sha256(" ".join(OPTIONS[:-1]).encode())
    for path in sources(kernel):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def compile_for(nvrtc, kernel, architecture, *more):
    """The PTX of a kernel file, and what the compiler says."""
    program = ctypes.c_void_p()
    text = kernel.read_bytes()
    check(nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, kernel.name.encode(), 0, None, None))
    options = [option.encode() for option in [f"--gpu-architecture={architecture}", *OPTIONS, *more]]
    failed = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
    log = fetch(program, nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog)
    if failed:
        sys.exit(f"{kernel}: does not compile\n{log}")
    if architecture.startswith("sm_"):
        return fetch_bytes(program, nvrtc.nvrtcGetCUBINSize, nvrtc.nvrtcGetCUBIN), log
    return fetch(program, nvrtc.nvrtcGetPTXSize, nvrtc.nvrtcGetPTX), log


def fetch_bytes(program, ask_size, ask):
    size = ctypes.c_size_t()
    check(ask_size(program, ctypes.byref(size)))
    data = ctypes.create_string_buffer(size.value)
    check(ask(program, data))
    return data.raw


def fetch(program, ask_size, ask):
    return fetch_bytes(program, ask_size, ask).rstrip(b"\0").decode()


def check(code):
    if code:
        sys.exit(f"NVRTC answers with error {code}")


def assemble(nvrtc, architecture):
    for kernel in sorted(HERE.glob("*.cu")):
        _, log = compile_for(nvrtc, kernel, architecture, "--ptxas-options=-v")
        for line in log.splitlines():
            if "Compiling entry" in line:
                print(line.split("'")[1], end=": ")
            elif "spill" in line:
                print(line.split(".", 1)[1].strip(), end="; ")
            elif "Used" in line:
                print(line[line.index("Used") :])


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    library = pathlib.Path(sys.argv[1])
    for part in library.parent.glob("libnvrtc-builtins.so*"):  # which NVRTC looks for by name
        ctypes.CDLL(str(part), mode=ctypes.RTLD_GLOBAL)
    nvrtc = ctypes.CDLL(str(library))
    if "--assemble" in sys.argv[:-1]:
        assemble(nvrtc, sys.argv[sys.argv.index("--assemble") + 1])
        return
    made_from = []
    for kernel in sorted(HERE.glob("*.cu")):
        source = checksum(kernel)
        ptx = f"// made from sha256 {source}\n{compile_for(nvrtc, kernel, 'compute_80')[0]}"
        put(HERE / "ptx" / f"{kernel.stem}.ptx", ptx.encode())
        code = compile_for(nvrtc, kernel, "sm_90")[0]
        put(HERE / "sm_90" / f"{kernel.stem}.cubin", code)
        made_from.append(f"{kernel.stem} {hashlib.sha256(code).hexdigest()} {source}\n")
    put(HERE / "sm_90" / "made-from", "".join(made_from).encode())


def put(path, made):
    path.parent.mkdir(exist_ok=True)
    if "--check" not in sys.argv:
        path.write_bytes(made)
    elif not path.exists() or path.read_bytes() != made:
        sys.exit(f"{path}: is not what its source compiles to; run `cargo xtask ptx`")
    print(f"{path.relative_to(HERE)}: {len(made)} bytes")


if __name__ == "__main__":
    main()
