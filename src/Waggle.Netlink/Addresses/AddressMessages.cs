using System.Net;
using System.Runtime.InteropServices;

namespace Waggle.Netlink;

/// <summary>struct ifaddrmsg (linux/if_addr.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AddressHeader
{
    public byte Family;
    public byte PrefixLength;
    public byte Flags;
    public byte Scope;
    public int Index;
}

/// <summary>struct ifa_cacheinfo; times in seconds.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AddressLifetimes
{
    public const uint Forever = uint.MaxValue;
    public uint Preferred;
    public uint Valid;
    public uint Created;
    public uint Changed;
}

/// <summary>Address requests as bytes, and replies read.</summary>
internal static class AddressMessages
{
    internal static byte[] List(byte family, int linkIndex)
    {
        var writer = new MessageWriter(Rtm.GETADDR, MessageFlags.None);
        writer.Fixed(new AddressHeader { Family = family, Index = linkIndex });
        return writer.ToArray();
    }

    internal static byte[] Add(InterfaceAddress address, MessageFlags flags) => Write(Rtm.NEWADDR, flags, address);

    internal static byte[] Delete(InterfaceAddress address) => Write(Rtm.DELADDR, MessageFlags.None, address);

    internal static InterfaceAddress? Parse(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type is not (Rtm.NEWADDR or Rtm.DELADDR))
            return null;
        AddressHeader header = Payload.Read<AddressHeader>(payload, out AttributeReader a);
        IPAddress? local = null, address = null;
        var result = new InterfaceAddress(header.Index, IPAddress.None, header.PrefixLength) { Scope = (RouteScope)header.Scope, Flags = (AddressFlags)header.Flags };
        while (a.MoveNext())
        {
            switch (a.Type)
            {
                case Ifa.LOCAL: local = a.Address(); break;
                case Ifa.ADDRESS: address = a.Address(); break;
                case Ifa.BROADCAST: result = result with { Broadcast = a.Address() }; break;
                case Ifa.LABEL: result = result with { Label = a.String() }; break;
                case Ifa.FLAGS: result = result with { Flags = (AddressFlags)a.U32() }; break;
                case Ifa.RT_PRIORITY: result = result with { RoutePriority = a.U32() }; break;
                case Ifa.CACHEINFO:
                    AddressLifetimes times = a.Struct<AddressLifetimes>();
                    result = result with { ValidLifetime = Lifetime(times.Valid), PreferredLifetime = Lifetime(times.Preferred) };
                    break;
            }
        }

        // IFA_ADDRESS is the other end where IFA_LOCAL is present and different.
        IPAddress? own = local ?? address;
        if (own is null)
            return null;
        return result with { Address = own, Peer = local is not null && address is not null && !local.Equals(address) ? address : null };
    }

    private static byte[] Write(ushort type, MessageFlags flags, InterfaceAddress address)
    {
        byte family = Family.Of(address.Address);
        int bits = family == Family.Inet ? 32 : 128;
        if (address.PrefixLength < 0 || address.PrefixLength > bits)
            throw new ArgumentException($"A prefix of {address.PrefixLength} bits does not fit {address.Address}", nameof(address));
        var writer = new MessageWriter(type, flags);
        writer.Fixed(new AddressHeader
        {
            Family = family,
            PrefixLength = (byte)address.PrefixLength,
            Flags = (byte)address.Flags,
            Scope = (byte)address.Scope,
            Index = address.LinkIndex,
        });
        writer.Address(Ifa.LOCAL, address.Address);
        writer.Address(Ifa.ADDRESS, address.Peer ?? address.Address);
        if (type == Rtm.DELADDR)
            return writer.ToArray();
        if (address.Broadcast is { } broadcast)
            writer.Address(Ifa.BROADCAST, broadcast);
        if (address.Label is { } label)
            writer.String(Ifa.LABEL, label);
        if (address.Flags != AddressFlags.None)
            writer.U32(Ifa.FLAGS, (uint)address.Flags);
        if (address.RoutePriority is { } priority)
            writer.U32(Ifa.RT_PRIORITY, priority);
        if (address.ValidLifetime is not null || address.PreferredLifetime is not null)
            writer.Struct(Ifa.CACHEINFO, new AddressLifetimes { Valid = Seconds(address.ValidLifetime), Preferred = Seconds(address.PreferredLifetime) });
        return writer.ToArray();
    }

    private static TimeSpan? Lifetime(uint seconds) => seconds == AddressLifetimes.Forever ? null : TimeSpan.FromSeconds(seconds);

    private static uint Seconds(TimeSpan? time) => time is { } t ? (uint)Math.Clamp(t.TotalSeconds, 0, AddressLifetimes.Forever - 1) : AddressLifetimes.Forever;
}
