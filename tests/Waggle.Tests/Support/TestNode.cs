using System.Runtime.CompilerServices;
using Waggle.Bpf;
using Waggle.Cli;
using Waggle.Linux;

namespace Waggle.Tests.Support;

/// <summary>A BPF file system of its own with maps like a node's, mounted for one test.</summary>
internal sealed class TestNode : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("wgt-bpffs-").FullName;
    private readonly List<IDisposable> _maps = [];

    public TestNode()
    {
        Mounts.Bpf(_root);
        Directory.CreateDirectory(Path.Combine(_root, "waggle", "maps"));
        Environment = InProcess.Nowhere with { BpfRoot = _root };
    }

    public HostEnvironment Environment { get; }

    public BpfMap<TKey, TValue> Add<TKey, TValue>(string name, BpfMapType type = BpfMapType.Hash, uint entries = 64)
        where TKey : unmanaged
        where TValue : unmanaged => Pin(name, type, Unsafe.SizeOf<TKey>(), Unsafe.SizeOf<TValue>(), entries).As<TKey, TValue>();

    public BpfPerCpuMap<TKey, TValue> AddPerCpu<TKey, TValue>(string name, BpfMapType type, uint entries = 64)
        where TKey : unmanaged
        where TValue : unmanaged => Pin(name, type, Unsafe.SizeOf<TKey>(), Unsafe.SizeOf<TValue>(), entries).AsPerCpu<TKey, TValue>();

    public void Dispose()
    {
        _maps.ForEach(map => map.Dispose());
        Mounts.Unmount(_root, UnmountFlags.Detach);
        Directory.Delete(_root);
    }

    private BpfMap Pin(string name, BpfMapType type, int key, int value, uint entries)
    {
        var flags = type is BpfMapType.LpmTrie ? 1u : 0u;
        var map = BpfMap.Create(new BpfMapSpec(type, name[..Math.Min(15, name.Length)], key, value, entries) { Flags = flags });
        _maps.Add(map);
        map.Pin(Path.Combine(_root, "waggle", "maps", name));
        return map;
    }
}
