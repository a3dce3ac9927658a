using System.Text;

namespace Waggle.Hubble.Codec;

/// <summary>MAC addresses as text.</summary>
public static class MacText
{
    /// <summary>Letters of the text.</summary>
    public const int Length = 17;

    /// <summary>"aa:bb:cc:dd:ee:ff".</summary>
    public static string Format(ulong mac)
    {
        Span<byte> text = stackalloc byte[Length];
        Format(mac, text);
        return Encoding.ASCII.GetString(text);
    }

    /// <summary>The same as bytes.</summary>
    public static void Format(ulong mac, Span<byte> text)
    {
        for (var i = 0; i < 6; i++)
        {
            var b = (byte)(mac >> (40 - (8 * i)));
            text[3 * i] = Digit(b >> 4);
            text[(3 * i) + 1] = Digit(b & 15);
            if (i < 5)
            {
                text[(3 * i) + 2] = (byte)':';
            }
        }
    }

    /// <summary>The reverse; false: not a MAC address.</summary>
    public static bool TryParse(string text, out ulong mac)
    {
        mac = 0;
        if (text.Length != 17)
        {
            return false;
        }

        for (var i = 0; i < 17; i++)
        {
            if (i % 3 == 2)
            {
                if (text[i] != ':')
                {
                    return false;
                }
            }
            else if (char.IsAsciiHexDigit(text[i]))
            {
                mac = (mac << 4) | (uint)Convert.ToInt32(text[i].ToString(), 16);
            }
            else
            {
                return false;
            }
        }

        return true;
    }

    private static byte Digit(int value) => (byte)(value < 10 ? '0' + value : 'a' + value - 10);
}
