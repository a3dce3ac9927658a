using Waggle.Kube.Resources;

namespace Waggle.Lab.Nodes.Pods;

/// <summary>How a container stands, at one moment.</summary>
internal sealed record ContainerSnapshot
{
    public required string Name { get; init; }

    public required string Image { get; init; }

    public int RestartCount { get; init; }

    public ContainerState State { get; init; } = WaitingFor("ContainerCreating");

    public ContainerState? LastState { get; init; }

    public bool Ready { get; init; }

    public bool Started { get; init; }

    public string? ContainerId { get; init; }

    /// <summary>It will not be started again.</summary>
    public bool Finished { get; init; }

    public static ContainerState WaitingFor(string reason, string? message = null) =>
        new() { Waiting = new ContainerStateWaiting { Reason = reason, Message = message } };

    public ContainerStatus ToStatus() => new()
    {
        Name = Name,
        Image = Images.ImageReference.Display(Image),
        ImageId = Images.ImageReference.Display(Image),
        ContainerId = ContainerId is null ? null : $"waggle://{ContainerId}",
        RestartCount = RestartCount,
        Ready = Ready,
        Started = Started,
        State = State,
        LastState = LastState ?? new ContainerState(),
    };
}
