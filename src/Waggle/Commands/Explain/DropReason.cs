using Waggle.Datapath.Events;

namespace Waggle.Commands.Explain;

/// <param name="Code">The number in events, metrics and Hubble flows.</param>
/// <param name="Name">The constant's name, as in <c>bpf/abi/drop_reason.h</c> without its prefix.</param>
/// <param name="Meaning">What happened to the packet.</param>
/// <param name="Next">What to look at or type next.</param>
internal sealed record DropReason(int Code, string Name, string Meaning, string Next)
{
    /// <summary>The packet did its work and was consumed: counted, but no drop.</summary>
    public bool Handled => DropSite.IsHandled((Datapath.Abi.DropReason)Code);

    /// <summary>As people read it, e.g. <c>Invalid source ip</c>.</summary>
    public string Text => Name.Length == 0 ? "" : char.ToUpperInvariant(Name[0]) + Name[1..].Replace('_', ' ').ToLowerInvariant();
}
