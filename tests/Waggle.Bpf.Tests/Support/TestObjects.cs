using System.Runtime.InteropServices;

namespace Waggle.Bpf.Tests.Support;

internal static class TestObjects
{
    internal static byte[] Read(string name)
    {
        using var stream = typeof(TestObjects).Assembly.GetManifestResourceStream($"bpf/{name}.bpf.o")
            ?? throw new InvalidOperationException($"no embedded object {name}");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    internal static BpfObject Open(string name) => BpfObject.Open(Read(name), new BpfObjectOptions { Name = name });
}

[StructLayout(LayoutKind.Sequential)]
internal record struct Key(uint Group, ushort Port = 0, ushort Pad = 0);

[StructLayout(LayoutKind.Sequential)]
internal record struct Value(ulong Packets, ulong Bytes);
