using Waggle.Datapath.Maps;

namespace Waggle.Datapath.Loading;

/// <summary>Where things are pinned: everything of ours lies under one directory of the node's bpffs.</summary>
/// <param name="Bpffs">Mount point of the bpffs.</param>
public sealed record DatapathPaths(string Bpffs = "/sys/fs/bpf")
{
    private string Root => Path.Combine(Bpffs, "waggle");

    /// <summary>Directory of the shared maps.</summary>
    public string Maps => Path.Combine(Root, "maps");

    /// <summary>Directory of the links.</summary>
    public string Links => Path.Combine(Root, "links");

    /// <summary>Directory of the programs that user space runs.</summary>
    public string Programs => Path.Combine(Root, "progs");

    /// <summary>Pin of a shared map.</summary>
    public string Map(string name) => Path.Combine(Maps, MapCatalogue.Find(name)?.PinName ?? name);

    /// <summary>Pin of a program that user space runs.</summary>
    public string Program(string name) => Path.Combine(Programs, name);
}
