using System.Globalization;

namespace Waggle.Linux;

/// <summary>A kernel version: major, minor, patch.</summary>
public readonly record struct KernelVersion(int Major, int Minor, int Patch = 0) : IComparable<KernelVersion>
{
    /// <summary>The running kernel's release, e.g. <c>6.1.0-13-amd64</c>.</summary>
    public static string Release => File.ReadAllText("/proc/sys/kernel/osrelease").Trim();

    /// <summary>The running kernel.</summary>
    public static KernelVersion Current => Parse(Release);

    /// <summary>Reads the leading numbers of a release string; what is missing is 0.</summary>
    public static KernelVersion Parse(string release)
    {
        Span<int> parts = [0, 0, 0];
        int part = 0, i = 0;
        while (part < 3 && i < release.Length && char.IsAsciiDigit(release[i]))
        {
            int start = i;
            while (i < release.Length && char.IsAsciiDigit(release[i]))
                i++;
            if (!int.TryParse(release.AsSpan(start, i - start), NumberStyles.None, CultureInfo.InvariantCulture, out parts[part++]))
                break;
            if (i >= release.Length || release[i] != '.')
                break;
            i++;
        }

        return new KernelVersion(parts[0], parts[1], parts[2]);
    }

    /// <inheritdoc/>
    public int CompareTo(KernelVersion other) => (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));

    public static bool operator <(KernelVersion a, KernelVersion b) => a.CompareTo(b) < 0;

    public static bool operator >(KernelVersion a, KernelVersion b) => a.CompareTo(b) > 0;

    public static bool operator <=(KernelVersion a, KernelVersion b) => a.CompareTo(b) <= 0;

    public static bool operator >=(KernelVersion a, KernelVersion b) => a.CompareTo(b) >= 0;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}.{Patch}");
}
