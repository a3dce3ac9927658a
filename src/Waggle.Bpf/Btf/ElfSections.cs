using System.Buffers.Binary;

namespace Waggle.Bpf.Btf;

/// <summary>Finds sections in a 64-bit little-endian ELF object by name; nothing else of ELF is needed here.</summary>
internal static class ElfSections
{
    private const int HeaderSize = 64;
    private const int SectionHeaderSize = 64;

    internal static bool TryFind(ReadOnlySpan<byte> elf, string name, out ReadOnlySpan<byte> section)
    {
        section = default;
        if (elf.Length < HeaderSize || !elf.StartsWith("\u007fELF"u8) || elf[4] != 2 || elf[5] != 1)
        {
            throw new BtfFormatException("not a 64-bit little-endian ELF object");
        }

        var table = BinaryPrimitives.ReadUInt64LittleEndian(elf[40..]);
        var entrySize = BinaryPrimitives.ReadUInt16LittleEndian(elf[58..]);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(elf[60..]);
        var namesIndex = BinaryPrimitives.ReadUInt16LittleEndian(elf[62..]);
        if (entrySize != SectionHeaderSize || namesIndex >= count)
        {
            throw new BtfFormatException("the ELF section table is malformed");
        }

        var headers = Slice(elf, table, (ulong)count * SectionHeaderSize);
        var names = Contents(elf, headers, namesIndex);
        for (var i = 0; i < count; i++)
        {
            var offset = BinaryPrimitives.ReadUInt32LittleEndian(headers[(i * SectionHeaderSize)..]);
            if (offset < names.Length && NameEquals(names[(int)offset..], name))
            {
                section = Contents(elf, headers, i);
                return true;
            }
        }

        return false;
    }

    private static bool NameEquals(ReadOnlySpan<byte> text, string name)
    {
        var end = text.IndexOf((byte)0);
        if (end != name.Length)
        {
            return false;
        }

        for (var i = 0; i < end; i++)
        {
            if (text[i] != name[i])
            {
                return false;
            }
        }

        return true;
    }

    private static ReadOnlySpan<byte> Contents(ReadOnlySpan<byte> elf, ReadOnlySpan<byte> headers, int index)
    {
        var header = headers.Slice(index * SectionHeaderSize, SectionHeaderSize);
        return Slice(elf, BinaryPrimitives.ReadUInt64LittleEndian(header[24..]), BinaryPrimitives.ReadUInt64LittleEndian(header[32..]));
    }

    private static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> data, ulong offset, ulong length) =>
        offset <= (ulong)data.Length && length <= (ulong)data.Length - offset
            ? data.Slice((int)offset, (int)length)
            : throw new BtfFormatException("an ELF section is out of range");
}
