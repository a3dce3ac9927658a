using System.Runtime.InteropServices;

namespace Waggle.Netlink;

/// <summary>struct nlmsghdr (linux/netlink.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MessageHeader
{
    public const int Size = 16;
    public uint Length;
    public ushort Type;
    public MessageFlags Flags;
    public uint Sequence;
    public uint Port;
}

/// <summary>Walks the messages of a datagram.</summary>
internal ref struct MessageReader(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> _rest = datagram;

    public MessageHeader Header { get; private set; }

    /// <summary>What follows the header.</summary>
    public ReadOnlySpan<byte> Payload { get; private set; }

    public bool MoveNext()
    {
        if (_rest.IsEmpty)
            return false;
        if (_rest.Length < MessageHeader.Size)
            ThrowHelper.BadLength("Message header", MessageHeader.Size, _rest.Length);
        Header = MemoryMarshal.Read<MessageHeader>(_rest);
        if (Header.Length < MessageHeader.Size || Header.Length > (uint)_rest.Length)
            ThrowHelper.BadLength("Message", (int)Math.Min(Header.Length, int.MaxValue), _rest.Length);
        int length = (int)Header.Length;
        Payload = _rest[MessageHeader.Size..length];
        _rest = _rest[Math.Min((length + 3) & ~3, _rest.Length)..];
        return true;
    }
}
