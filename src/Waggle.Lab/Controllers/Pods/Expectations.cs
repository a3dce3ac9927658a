using Waggle.Kube.Informers;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers;

/// <summary>Remembers what a controller has just asked for, so that it does not ask again before its informer shows it.</summary>
internal sealed class Expectations(TimeProvider time)
{
    /// <summary>After this long the informer is believed anyway: an event may have been lost.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, Expected> _expected = [];

    /// <summary>True when the informer has caught up with everything this owner was given to do.</summary>
    internal bool AreMet(ObjectKey owner)
    {
        lock (_gate)
        {
            if (!_expected.TryGetValue(owner, out var expected))
            {
                return true;
            }

            if ((expected.Creations > 0 || expected.Deletions.Count > 0) && time.GetElapsedTime(expected.Since) < Patience)
            {
                return false;
            }

            _expected.Remove(owner);
            return true;
        }
    }

    /// <summary>Say so before the request: its event may come before its answer.</summary>
    internal void ExpectCreation(ObjectKey owner)
    {
        lock (_gate)
        {
            Of(owner).Creations++;
        }
    }

    internal void ExpectDeletion(ObjectKey owner, string uid)
    {
        lock (_gate)
        {
            Of(owner).Deletions.Add(uid);
        }
    }

    /// <summary>A creation was seen, or its request failed.</summary>
    internal void Created(ObjectKey owner)
    {
        lock (_gate)
        {
            if (_expected.TryGetValue(owner, out var expected) && expected.Creations > 0)
            {
                expected.Creations--;
            }
        }
    }

    /// <summary>A deletion was seen (or that it began), or its request failed.</summary>
    internal void Deleted(ObjectKey owner, string uid)
    {
        lock (_gate)
        {
            if (_expected.TryGetValue(owner, out var expected))
            {
                expected.Deletions.Remove(uid);
            }
        }
    }

    /// <summary>What the informer tells of one of the owner's pods.</summary>
    internal void Observe(ObjectKey owner, InformerChange<Pod> change)
    {
        if (change.Old is null)
        {
            Created(owner);
        }

        if (change.IsDeleted || change.Object.IsTerminating())
        {
            Deleted(owner, change.Object.Metadata.Uid ?? "");
        }
    }

    internal void Forget(ObjectKey owner)
    {
        lock (_gate)
        {
            _expected.Remove(owner);
        }
    }

    private Expected Of(ObjectKey owner)
    {
        if (!_expected.TryGetValue(owner, out var expected))
        {
            _expected[owner] = expected = new();
        }

        expected.Since = time.GetTimestamp();
        return expected;
    }

    private sealed class Expected
    {
        internal int Creations { get; set; }

        internal HashSet<string> Deletions { get; } = [];

        internal long Since { get; set; }
    }
}
