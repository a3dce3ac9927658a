using System.Runtime.InteropServices;
using System.Text;
using Waggle.Bpf.Btf;
using Waggle.Bpf.Interop;
using Waggle.Linux;

namespace Waggle.Bpf;

/// <summary>
/// A compiled BPF object: opened from memory (no kernel access), configured (<c>.rodata</c>, map sizes, which programs and maps
/// are wanted), then loaded once. Programs and maps handed out after <see cref="Load"/> own their own fds and outlive the
/// object. Not thread-safe.
/// </summary>
public sealed unsafe partial class BpfObject : IDisposable
{
    private readonly SafeBpfObject handle;
    private readonly Dictionary<string, nint> programs = [];
    private readonly Dictionary<string, nint> maps = [];

    private BpfObject(SafeBpfObject handle, string name)
    {
        this.handle = handle;
        Name = name;
        for (var p = Libbpf.bpf_object__next_program(handle, 0); p != 0; p = Libbpf.bpf_object__next_program(handle, p))
        {
            programs[Text(Libbpf.bpf_program__name(p))] = p;
        }

        for (var m = Libbpf.bpf_object__next_map(handle, 0); m != 0; m = Libbpf.bpf_object__next_map(handle, m))
        {
            Register(m);
        }

        Btf = ReadBtf(handle, name);
    }

    /// <summary>The name given when opening.</summary>
    public string Name { get; }

    /// <summary>The object's types, data sections with resolved offsets included.</summary>
    public BtfSpec Btf { get; }

    /// <summary>Whether <see cref="Load"/> has succeeded.</summary>
    public bool IsLoaded { get; private set; }

    /// <summary>Names of the programs in the object.</summary>
    public IReadOnlyCollection<string> ProgramNames => programs.Keys;

    /// <summary>What libbpf said while loading (warnings; empty when all was well).</summary>
    public string LoadLog { get; private set; } = "";

    /// <summary>Opens an object from ELF bytes. Nothing reaches the kernel yet.</summary>
    /// <exception cref="BpfException">The bytes are not a BPF object libbpf understands.</exception>
    public static BpfObject Open(ReadOnlySpan<byte> elf, BpfObjectOptions? options = null)
    {
        options ??= new BpfObjectOptions();
        using var log = LibbpfLog.Capture();
        fixed (byte* data = elf)
        fixed (byte* name = Encoding.UTF8.GetBytes(options.Name + "\0"))
        {
            var opts = new BpfObjectOpenOpts { Sz = (nuint)sizeof(BpfObjectOpenOpts), ObjectName = name };
            var pointer = Libbpf.bpf_object__open_mem(data, (nuint)elf.Length, &opts);
            if (pointer == 0)
            {
                throw new BpfException("open object", options.Name, (Errno)Marshal.GetLastPInvokeError(), OneLine(log.ToString()));
            }

            var handle = new SafeBpfObject(pointer);
            try
            {
                return new BpfObject(handle, options.Name);
            }
            catch
            {
                handle.Dispose();
                throw;
            }
        }
    }

    /// <summary>Whether this program will be loaded; <c>SEC("?…")</c> programs start unwanted.</summary>
    public void SetAutoload(string program, bool load)
    {
        RequireNotLoaded();
        BpfException.Check(Libbpf.bpf_program__set_autoload(Program(program), load ? (byte)1 : (byte)0), "set autoload of", program);
    }

    /// <summary>Whether this program is (to be) loaded.</summary>
    public bool WantsProgram(string program) => Libbpf.bpf_program__autoload(Program(program)) != 0;

    /// <summary>Creates the maps and loads the programs.</summary>
    /// <exception cref="BpfVerifierException">A program was refused by the verifier.</exception>
    /// <exception cref="BpfException">Anything else: a map could not be created, no privilege, out of memory.</exception>
    public void Load()
    {
        RequireNotLoaded();
        using var log = LibbpfLog.Capture();
        var result = Libbpf.bpf_object__load(handle);
        LoadLog = log.ToString();
        if (result < 0)
        {
            throw VerifierLog.Summarise(LoadLog) is var (program, summary)
                ? new BpfVerifierException(program, (Errno)(-result), summary, LoadLog)
                : new BpfException("load object", Name, (Errno)(-result), OneLine(LoadLog));
        }

        IsLoaded = true;
    }

    /// <summary>A loaded program, with its own fd.</summary>
    public BpfProgram GetProgram(string name)
    {
        var program = Program(name);
        RequireLoaded();
        var fd = Libbpf.bpf_program__fd(program);
        return fd < 0
            ? throw new InvalidOperationException($"program {name} of {Name} was not loaded (autoload is off)")
            : new BpfProgram(Sys.Duplicate(fd), name);
    }

    public void Dispose() => handle.Dispose();

    private static BtfSpec ReadBtf(SafeBpfObject handle, string name)
    {
        var btf = Libbpf.bpf_object__btf(handle);
        uint size = 0;
        var raw = btf == 0 ? null : Libbpf.btf__raw_data(btf, &size);
        return raw == null
            ? throw new BpfException("open object", name, Errno.None, "it has no BTF: compile it with -g")
            : BtfSpec.Parse(new ReadOnlySpan<byte>(raw, (int)size));
    }

    private nint Program(string name) =>
        programs.TryGetValue(name, out var p) ? p : throw new KeyNotFoundException($"object {Name} has no program '{name}'");

    private nint Map(string name) =>
        maps.TryGetValue(name, out var m) ? m : throw NoMap(name);

    private KeyNotFoundException NoMap(string name) => new($"object {Name} has no map '{name}'");

    private void RequireNotLoaded()
    {
        if (IsLoaded)
        {
            throw new InvalidOperationException($"object {Name} is already loaded");
        }
    }

    private void RequireLoaded()
    {
        if (!IsLoaded)
        {
            throw new InvalidOperationException($"object {Name} is not loaded yet");
        }
    }

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    private static string OneLine(string log)
    {
        var line = log.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();
        return line is null ? "no further reason given" : line.StartsWith("libbpf: ", StringComparison.Ordinal) ? line[8..] : line;
    }
}
