using System.Globalization;

namespace Waggle.Bench.Policy;

/// <summary>
/// Room for a million connections in the kernel's own table while it exists. The two settings are the machine's, not a namespace's:
/// they are put back in the end, and only ever raised.
/// </summary>
internal sealed class KernelTableSize : IDisposable
{
    private const string Folder = "/proc/sys/net/netfilter";
    private readonly List<(string Path, string Before)> _before = [];

    internal KernelTableSize(int connections)
    {
        Raise("nf_conntrack_buckets", connections);
        Raise("nf_conntrack_max", connections * 2);
    }

    public void Dispose()
    {
        foreach (var (path, before) in _before)
        {
            File.WriteAllText(path, before);
        }
    }

    private void Raise(string name, int least)
    {
        var path = Path.Combine(Folder, name);
        var before = File.ReadAllText(path).Trim();
        if (int.Parse(before, CultureInfo.InvariantCulture) < least)
        {
            File.WriteAllText(path, least.ToString(CultureInfo.InvariantCulture));
            _before.Insert(0, (path, before));
        }
    }
}
