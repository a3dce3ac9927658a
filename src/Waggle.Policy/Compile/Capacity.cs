namespace Waggle.Policy.Compile;

/// <summary>Rows in the kernel's maps, the ones about to be removed included, and how many there can be.</summary>
internal sealed class Capacity(PolicyEngineOptions options)
{
    public long Peers { get; set; }

    public long Ports { get; set; }

    public long MaxPeers => options.MaxPeers;

    public long MaxPorts => options.MaxPorts;

    public bool Fits(long peers, long ports) => Peers + peers <= MaxPeers && Ports + ports <= MaxPorts;
}
