using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Waggle.Netlink;

/// <summary>Throws kept out of the code that is inlined.</summary>
internal static class ThrowHelper
{
    [DoesNotReturn]
    internal static void BadLength(string what, int length, int available) =>
        throw new NetlinkFormatException(string.Create(CultureInfo.InvariantCulture, $"{what} claims {length} bytes where {available} are left"));

    [DoesNotReturn]
    internal static void ShortValue(ushort attribute, int length, int expected) =>
        throw new NetlinkFormatException(string.Create(CultureInfo.InvariantCulture, $"Attribute {attribute} has {length} bytes, {expected} expected"));

    [DoesNotReturn]
    internal static void TooLong(int length) =>
        throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"An attribute of {length} bytes does not fit into netlink's 65535"));
}
