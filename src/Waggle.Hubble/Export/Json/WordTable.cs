using System.Text;
using Waggle.Hubble.Printing;

namespace Waggle.Hubble.Export.Json;

/// <summary>The names of an enum's values as bytes, by number.</summary>
internal sealed class WordTable
{
    private readonly byte[]?[] _words;

    public WordTable(ProtoNames names, int count = 256)
    {
        _words = new byte[count][];
        for (int i = 1; i < count; i++)
        {
            string name = names[i];
            _words[i] = char.IsAsciiDigit(name[0]) ? null : Encoding.ASCII.GetBytes(name);
        }
    }

    /// <summary>The field with the value's name, or its number when it has none; nothing for zero, because proto3 leaves defaults out.</summary>
    public void Write(JsonLine line, ReadOnlySpan<byte> field, int number)
    {
        if ((uint)number < (uint)_words.Length && _words[number] is { } word)
        {
            line.Word(field, word);
        }
        else
        {
            line.Number(field, number);
        }
    }
}
