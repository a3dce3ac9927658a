namespace Waggle.Lab.Cluster;

/// <summary>Takes the steps of starting or ending a lab, to show them. Steps do not overlap.</summary>
public interface ILabProgress
{
    /// <summary>A step begins, e.g. "Starting 3 nodes".</summary>
    void Begin(string step);

    /// <summary>Something worth showing within the step, e.g. which pods are not Ready yet. May come often; the newest counts.</summary>
    void Note(string text);

    /// <summary>The step is over.</summary>
    /// <param name="duration">How long it took.</param>
    /// <param name="failure">Null when it succeeded.</param>
    void End(TimeSpan duration, string? failure);
}

/// <summary>Shows nothing.</summary>
public sealed class NoProgress : ILabProgress
{
    public static NoProgress Instance { get; } = new();

    public void Begin(string step)
    {
    }

    public void Note(string text)
    {
    }

    public void End(TimeSpan duration, string? failure)
    {
    }
}
