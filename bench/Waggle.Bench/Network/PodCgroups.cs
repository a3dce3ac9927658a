using System.Globalization;
using Waggle.Linux;

namespace Waggle.Bench.Network;

/// <summary>
/// Cgroups as deep as those of a lab's containers. Pressure accounting (PSI) walks up from both tasks at every switch between them,
/// which costs more than a bridge does: both sides of a comparison have to stand equally deep.
/// </summary>
internal sealed class PodCgroups : IAsyncDisposable
{
    private const string Root = "waggle-bench";
    private readonly Cgroup _own;
    private readonly Cgroup _pods;

    internal PodCgroups()
    {
        var root = Cgroup.At(Root);
        foreach (var left in root.Exists ? root.Children() : [])
        {
            if (int.TryParse(Path.GetFileName(left.Path).Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && !Directory.Exists(FormattableString.Invariant($"/proc/{pid}")))
            {
                left.Remove();
            }
        }

        _own = root.Child(FormattableString.Invariant($"{Environment.ProcessId}-{Guid.NewGuid():N}"));
        _pods = _own.Child("node").Child("pods");
    }

    /// <summary>The command that runs another one in a container of a pod.</summary>
    internal (string Program, IReadOnlyList<string> Arguments) Inside(string pod, string program, IReadOnlyList<string> arguments)
    {
        var container = _pods.Child(pod).Child("main").Create();
        return ("sh", ["-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\"", container.Path, program, .. arguments]);
    }

    /// <summary>Ends what still runs in them.</summary>
    public async ValueTask DisposeAsync() => await _own.KillAndRemoveAsync(TimeSpan.FromSeconds(10)).ConfigureAwait(false);
}
