using System.Collections.Concurrent;
using Waggle.Hubble.Flows;

namespace Waggle.Agent.Hubble;

/// <summary>
/// Who had which address when. Events are told some time after they happened, and an address may have gone to another pod meanwhile:
/// each owner has it from a moment on, and the owners before stay known for a while. Moments are ns of CLOCK_MONOTONIC.
/// </summary>
/// <remarks>One writer at a time; readers neither wait nor allocate.</remarks>
internal sealed class AddressOwners
{
    /// <summary>Owners of one address that are remembered, the present one included.</summary>
    private const int MaxOwners = 16;

    private readonly ConcurrentDictionary<FlowAddress, Owner> _owners = new();
    private readonly Queue<(long At, FlowAddress Address)> _succeeded = new();

    /// <summary>Addresses with an owner, present or past.</summary>
    public int Count => _owners.Count;

    /// <summary>Who had it then; null: nobody known. 0 asks for now.</summary>
    public EndpointInfo? Find(FlowAddress address, long moment)
    {
        if (!_owners.TryGetValue(address, out Owner? owner))
        {
            return null;
        }

        if (moment > 0)
        {
            while (moment < owner.Since)
            {
                if (owner.Before is null)
                {
                    return null;
                }

                owner = owner.Before;
            }
        }

        return moment > 0 ? (moment < owner.Until ? owner.Info : null) : owner.Until == long.MaxValue ? owner.Info : null;
    }

    /// <summary>Gives an address to an owner from a moment on; to one who has it already, with what is known of him now.</summary>
    /// <param name="since">0: since before anybody looked.</param>
    /// <param name="same">What was known of the same owner before, or null.</param>
    public void Set(FlowAddress address, EndpointInfo info, long since = 0, EndpointInfo? same = null)
    {
        _owners.TryGetValue(address, out Owner? present);
        if (present is not null && (ReferenceEquals(present.Info, info) || (same is not null && ReferenceEquals(present.Info, same))))
        {
            _owners[address] = new Owner(info, present.Since, present.Before);
        }
        else if (present is null || since <= present.Since)
        {
            _owners[address] = new Owner(info, since, null);
        }
        else
        {
            _owners[address] = new Owner(info, since, Newest(present, MaxOwners - 1));
            _succeeded.Enqueue((since, address));
        }
    }

    /// <summary>As <see cref="Set"/>, for one of whom the news come some time after his first packets: who was not preceded was there all along.</summary>
    public void SetLate(FlowAddress address, EndpointInfo info, long now, EndpointInfo? same) => Set(address, info, _owners.ContainsKey(address) ? now : 0, same);

    /// <summary>The owner has left, and nobody else has come yet: from this moment on it is nobody's.</summary>
    public void End(FlowAddress address, EndpointInfo info, long until)
    {
        if (_owners.TryGetValue(address, out Owner? present) && ReferenceEquals(present.Info, info))
        {
            _owners[address] = new Owner(info, present.Since, present.Before) { Until = until };
        }
    }

    /// <summary>Forgets an address if this is its last owner.</summary>
    public void Remove(FlowAddress address, EndpointInfo info)
    {
        if (_owners.TryGetValue(address, out Owner? present) && ReferenceEquals(present.Info, info))
        {
            _owners.TryRemove(KeyValuePair.Create(address, present));
        }
    }

    /// <summary>Forgets owners who had a successor before this moment.</summary>
    public void Forget(long before)
    {
        while (_succeeded.TryPeek(out (long At, FlowAddress Address) oldest) && oldest.At < before)
        {
            _succeeded.Dequeue();
            if (_owners.TryGetValue(oldest.Address, out Owner? present))
            {
                _owners[oldest.Address] = Since(present, oldest.At);
            }
        }
    }

    /// <summary>The owners without those before the one who came at a moment.</summary>
    private static Owner Since(Owner owner, long moment) =>
        owner.Before is null ? owner : new Owner(owner.Info, owner.Since, owner.Since <= moment ? null : Since(owner.Before, moment)) { Until = owner.Until };

    private static Owner Newest(Owner owner, int count) =>
        new(owner.Info, owner.Since, owner.Before is null || count == 1 ? null : Newest(owner.Before, count - 1)) { Until = owner.Until };

    private sealed class Owner(EndpointInfo info, long since, Owner? before)
    {
        public EndpointInfo Info => info;

        public long Since => since;

        /// <summary>After this it was nobody's.</summary>
        public long Until { get; init; } = long.MaxValue;

        public Owner? Before => before;
    }
}
