using Waggle.Kube.Client;

namespace Waggle.Kube.Informers;

/// <summary>Where a <see cref="Reflector{T}"/> puts what it sees: an <see cref="Informer{T}"/>'s store, or a table.</summary>
/// <remarks>Calls come one at a time. An exception from a sink ends the reflector, so handle expected failures inside.</remarks>
public interface IResourceSink<T>
{
    /// <summary>The complete present state: what is not in it no longer exists. The first call means "synchronised".</summary>
    void Replace(IReadOnlyList<T> objects);

    /// <summary>Changes in order; several when they arrived together. Never contains bookmarks.</summary>
    void Apply(IReadOnlyList<WatchEvent<T>> changes);
}
