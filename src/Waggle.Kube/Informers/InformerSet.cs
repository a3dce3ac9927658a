using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;

namespace Waggle.Kube.Informers;

/// <summary>What can be said of a copy whatever its objects are.</summary>
public interface IInformer
{
    /// <inheritdoc cref="Informer{T}.HasSynced"/>
    bool HasSynced { get; }

    /// <inheritdoc cref="Informer{T}.Synced"/>
    Task Synced { get; }

    /// <inheritdoc cref="Informer{T}.LastError"/>
    Exception? LastError { get; }

    /// <inheritdoc cref="Informer{T}.RunAsync"/>
    Task RunAsync(CancellationToken cancellation);
}

/// <summary>How a copy stands.</summary>
/// <param name="Name">Of the resource, in the plural; more exact where only a part is copied.</param>
/// <param name="Synced">A first complete list was taken over.</param>
/// <param name="Error">Why it may be stale; empty while watching.</param>
public readonly record struct InformerStatus(string Name, bool Synced, string Error);

/// <summary>The copies that one role keeps of the API: started together, complete together.</summary>
/// <remarks>Filled while the role is put together; not for several threads.</remarks>
/// <param name="client">That all of them use.</param>
/// <param name="options">Of each that has no options of its own.</param>
/// <param name="loggers">Each logs as <c>watch.NAME</c>.</param>
public sealed class InformerSet(KubeClient client, ReflectorOptions options, ILoggerFactory loggers)
{
    private readonly List<(string Name, IInformer Informer)> _members = [];

    /// <summary>Completes with the last first complete list.</summary>
    public Task Synced => Task.WhenAll(_members.Select(member => member.Informer.Synced));

    /// <summary>In the order in which they were added.</summary>
    public IEnumerable<InformerStatus> Status => _members.Select(member => new InformerStatus(member.Name, member.Informer.HasSynced, member.Informer.LastError?.Message ?? ""));

    /// <summary>Makes one more copy.</summary>
    /// <param name="type">Of what.</param>
    /// <param name="own">Options other than those of the set.</param>
    /// <param name="name">Other than the resource's.</param>
    public Informer<T> Add<T>(ResourceType<T> type, ReflectorOptions? own = null, string? name = null)
        where T : class
    {
        name ??= type.Plural;
        var informer = new Informer<T>(client, type, own ?? options, loggers.CreateLogger($"watch.{name}"));
        _members.Add((name, informer));
        return informer;
    }

    /// <summary>Keeps all copies up to date until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => Task.WhenAll(_members.Select(member => member.Informer.RunAsync(cancellation)));
}
