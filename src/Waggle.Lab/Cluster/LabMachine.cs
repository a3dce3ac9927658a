namespace Waggle.Lab.Cluster;

/// <summary>Where this installation keeps the programs that a lab needs.</summary>
/// <param name="Program">The <c>waggle</c> executable.</param>
public sealed record LabMachine(string Program)
{
    /// <summary>The names under which <c>waggle</c> is other tools; nodes and containers find them first on their PATH.</summary>
    private static readonly string[] Names =
        ["waggle", "cilium", "cilium-dbg", "cilium-agent", "cilium-operator", "cilium-operator-generic", "hubble", "hubble-relay", "tetra"];

    /// <summary>The folder of the executable and its libraries.</summary>
    public string Folder => Path.GetDirectoryName(Program)!;

    /// <summary>The launcher of nodes and containers.</summary>
    public string Launcher => Path.Combine(Folder, "waggle-podexec");

    /// <summary>The installation that this process was started from; <c>WAGGLE_PRODUCT</c> names its folder for a process that is not <c>waggle</c> itself (a test).</summary>
    public static LabMachine OfThisProcess()
    {
        var folder = Environment.GetEnvironmentVariable("WAGGLE_PRODUCT") is { Length: > 0 } said ? said : Path.GetDirectoryName(Environment.ProcessPath) ?? "/";
        return new LabMachine(Path.Combine(folder, "waggle"));
    }

    /// <exception cref="LabException">A program is missing.</exception>
    public void Require()
    {
        foreach (var program in (ReadOnlySpan<string>)[Program, Launcher])
        {
            if (!File.Exists(program))
            {
                throw new LabException($"The program {program} is missing. Build it with ./waggle, or set WAGGLE_PRODUCT to the folder that has it.");
            }
        }
    }

    /// <summary>Makes the directory of command names. The links lead into <paramref name="seenAt"/>, where the reader sees <see cref="Folder"/>.</summary>
    public void WriteTools(string directory, string seenAt)
    {
        Directory.CreateDirectory(directory);
        foreach (var name in Names)
        {
            File.CreateSymbolicLink(Path.Combine(directory, name), Path.Combine(seenAt, "waggle"));
        }
    }
}
