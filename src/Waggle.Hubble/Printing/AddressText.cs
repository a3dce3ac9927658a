using System.Numerics;
using Waggle.Hubble.Flows;

namespace Waggle.Hubble.Printing;

/// <summary>Addresses as text into a caller's buffer, without allocation: IPv4 in dots, IPv6 in its canonical form (RFC 5952).</summary>
public static class AddressText
{
    /// <summary>No address is longer.</summary>
    public const int MaxLength = 45;

    /// <summary>Writes characters, or UTF-8 bytes; says how many. No address writes nothing.</summary>
    /// <param name="target">At least <see cref="MaxLength"/> long.</param>
    public static int Format<T>(FlowAddress address, Span<T> target) where T : unmanaged, IBinaryInteger<T>
    {
        if (address.IsNone)
        {
            return 0;
        }

        return address.IsIPv4 ? Four((uint)address.Low, target) : Six(address, target);
    }

    private static int Four<T>(uint address, Span<T> target) where T : unmanaged, IBinaryInteger<T>
    {
        int length = 0;
        for (int shift = 24; shift >= 0; shift -= 8)
        {
            uint part = (address >> shift) & 0xff;
            if (part >= 100)
            {
                target[length++] = Digit<T>(part / 100);
            }

            if (part >= 10)
            {
                target[length++] = Digit<T>(part / 10 % 10);
            }

            target[length++] = Digit<T>(part % 10);
            if (shift > 0)
            {
                target[length++] = T.CreateTruncating('.');
            }
        }

        return length;
    }

    private static int Six<T>(FlowAddress address, Span<T> target) where T : unmanaged, IBinaryInteger<T>
    {
        (int start, int run) = LongestZeros(address);
        int length = 0;
        for (int i = 0; i < 8; i++)
        {
            if (i == start && run > 1)
            {
                target[length++] = T.CreateTruncating(':');
                target[length++] = T.CreateTruncating(':');
                i += run - 1;
                continue;
            }

            if (i > 0 && !(i == start + run && run > 1))
            {
                target[length++] = T.CreateTruncating(':');
            }

            uint group = Group(address, i);
            bool started = false;
            for (int shift = 12; shift >= 0; shift -= 4)
            {
                uint digit = (group >> shift) & 0xf;
                if (digit != 0 || started || shift == 0)
                {
                    started = true;
                    target[length++] = Digit<T>(digit);
                }
            }
        }

        return length;
    }

    private static (int Start, int Length) LongestZeros(FlowAddress address)
    {
        int bestStart = -1, best = 0, run = 0;
        for (int i = 0; i < 8; i++)
        {
            run = Group(address, i) == 0 ? run + 1 : 0;
            if (run > best)
            {
                (bestStart, best) = (i - run + 1, run);
            }
        }

        return (bestStart, best);
    }

    private static uint Group(FlowAddress address, int index) =>
        (uint)((index < 4 ? address.High >> (48 - 16 * index) : address.Low >> (48 - 16 * (index - 4))) & 0xffff);

    private static T Digit<T>(uint value) where T : unmanaged, IBinaryInteger<T> => T.CreateTruncating(value < 10 ? '0' + value : 'a' + value - 10);
}
