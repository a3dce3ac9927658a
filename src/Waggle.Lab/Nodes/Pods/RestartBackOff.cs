namespace Waggle.Lab.Nodes.Pods;

/// <summary>How long a container waits before it is started again: not at all first, then 10 s doubling to 5 min; a run of 10 min forgives.</summary>
internal sealed class RestartBackOff
{
    public static readonly TimeSpan First = TimeSpan.FromSeconds(10);

    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    public static readonly TimeSpan Forgiving = TimeSpan.FromMinutes(10);

    private TimeSpan _next = TimeSpan.Zero;

    /// <param name="ran">How long the instance that ended had run.</param>
    public TimeSpan Next(TimeSpan ran)
    {
        if (ran >= Forgiving)
            _next = TimeSpan.Zero;
        TimeSpan wait = _next;
        _next = wait == TimeSpan.Zero ? First : TimeSpan.FromTicks(Math.Min(wait.Ticks * 2, Longest.Ticks));
        return wait;
    }
}
