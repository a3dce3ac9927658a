using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Waggle.Linux;

namespace Waggle.Netlink.Tests.Codec;

public sealed class AttributeTests
{
    [Fact]
    public void Writer_EveryType_ReadsBack()
    {
        var writer = new MessageWriter(1, MessageFlags.None, 16);
        writer.Fixed(new RouteHeader { Family = 2 });
        writer.U8(1, 0xab);
        writer.String(2, "lxc1");
        int nest = writer.BeginNest(3);
        writer.U32(4, 0xdeadbeef);
        writer.Address(5, IPAddress.Parse("fd00::1"));
        writer.EndNest(nest);
        writer.U16BigEndian(6, 8472);
        writer.Mac(7, MacAddress.Parse("02:00:00:00:00:01"));
        writer.U64(8, ulong.MaxValue);
        byte[] bytes = writer.ToArray();

        var messages = new MessageReader(bytes);
        Assert.True(messages.MoveNext());
        Assert.Equal((uint)bytes.Length, messages.Header.Length);
        Assert.Equal(2, Payload.Read<RouteHeader>(messages.Payload, out AttributeReader a).Family);
        Assert.True(a.MoveNext());
        Assert.Equal(0xab, a.U8());
        Assert.True(a.MoveNext());
        Assert.Equal("lxc1", a.String());
        Assert.True(a.MoveNext());
        Assert.Equal(3, a.Type);
        AttributeReader inner = a.Nested();
        Assert.True(inner.MoveNext());
        Assert.Equal(0xdeadbeef, inner.U32());
        Assert.True(inner.MoveNext());
        Assert.Equal(IPAddress.Parse("fd00::1"), inner.Address());
        Assert.False(inner.MoveNext());
        Assert.True(a.MoveNext());
        Assert.Equal(8472, a.U16BigEndian());
        Assert.True(a.MoveNext());
        Assert.Equal("02:00:00:00:00:01", a.Mac()!.Value.ToString());
        Assert.True(a.MoveNext());
        Assert.Equal(ulong.MaxValue, a.U64());
        Assert.False(a.MoveNext());
        Assert.False(messages.MoveNext());
    }

    [Theory]
    [InlineData("03000100")] // shorter than its own header
    [InlineData("ff000100aabbccdd")] // longer than the data
    [InlineData("0000000000000000")] // zero: must not loop for ever
    public void MoveNext_LengthLies_Throws(string hex) =>
        Assert.Throws<NetlinkFormatException>(() =>
        {
            var reader = new AttributeReader(Convert.FromHexString(hex));
            while (reader.MoveNext())
            {
            }
        });

    [Fact]
    public void Getter_ValueTooShort_Throws()
    {
        byte[] two = Convert.FromHexString("060001000102");
        Assert.Throws<NetlinkFormatException>(() => First(two).U32());
        Assert.Throws<NetlinkFormatException>(() => First(two).Address());
        Assert.Throws<NetlinkFormatException>(() => First(two).Struct<RouteHeader>());
    }

    [Fact]
    public void MoveNext_LastAttributeUnpadded_IsRead()
    {
        AttributeReader reader = First(Convert.FromHexString("050001007f"));
        Assert.Equal(0x7f, reader.U8());
        Assert.False(reader.MoveNext());
    }

    [Fact]
    public void MoveNext_AnyBytes_EndsOrThrowsFormatException() => Prop.ForAll<byte[]>(bytes =>
    {
        try
        {
            var reader = new AttributeReader(bytes);
            int total = 0;
            while (reader.MoveNext())
                total += reader.Value.Length + 4;
            return total <= bytes.Length;
        }
        catch (NetlinkFormatException)
        {
            return true;
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void WriterThenReader_AnyAttributes_AreTheSame() => Prop.ForAll<(ushort Type, byte[] Value)[]>(attributes =>
    {
        var writer = new MessageWriter(1, MessageFlags.None);
        foreach ((ushort type, byte[] value) in attributes)
            writer.Bytes((ushort)(type & 0x3fff), value ?? []);
        var messages = new MessageReader(writer.ToArray());
        messages.MoveNext();
        var reader = new AttributeReader(messages.Payload);
        foreach ((ushort type, byte[] value) in attributes)
        {
            if (!reader.MoveNext() || reader.Type != (type & 0x3fff) || !reader.Value.SequenceEqual(value ?? []))
                return false;
        }

        return !reader.MoveNext();
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Bytes_LongerThanTheLengthField_Throws() => Assert.Throws<ArgumentException>(() =>
    {
        var writer = new MessageWriter(1, MessageFlags.None);
        writer.Bytes(1, new byte[65536]);
    });

    private static AttributeReader First(byte[] bytes)
    {
        var reader = new AttributeReader(bytes);
        Assert.True(reader.MoveNext());
        return reader;
    }
}
