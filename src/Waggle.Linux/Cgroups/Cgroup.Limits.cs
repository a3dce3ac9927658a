using System.Globalization;

namespace Waggle.Linux;

public sealed partial class Cgroup
{
    /// <summary>The controllers that may limit this group's processes, e.g. <c>memory</c>. Empty where v1 holds them.</summary>
    public IReadOnlyList<string> Controllers() => Read("cgroup.controllers").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Hands the controllers that exist here on to child groups.</summary>
    /// <returns>Those of <paramref name="controllers"/> that children can use now.</returns>
    public IReadOnlyList<string> Delegate(params ReadOnlySpan<string> controllers)
    {
        IReadOnlyList<string> available = Controllers();
        List<string> delegated = [];
        foreach (string controller in controllers)
        {
            if (!available.Contains(controller))
                continue;
            Write("cgroup.subtree_control", "+" + controller);
            delegated.Add(controller);
        }

        return delegated;
    }

    /// <summary>Limits memory; null lifts the limit.</summary>
    /// <returns>False when this group has no memory controller, so that nothing limits it.</returns>
    public bool SetMemoryMax(long? bytes) => TrySetLimit("memory.max", bytes);

    /// <summary>Limits the number of processes and threads; null lifts the limit.</summary>
    /// <returns>False when this group has no pids controller.</returns>
    public bool SetPidsMax(long? count) => TrySetLimit("pids.max", count);

    private bool TrySetLimit(string file, long? value)
    {
        if (!File.Exists($"{Path}/{file}"))
            return false;
        Write(file, value is { } limit ? limit.ToString(CultureInfo.InvariantCulture) : "max");
        return true;
    }
}
