using System.Text.Json.Nodes;
using System.Threading.Channels;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Events;
using Waggle.Hubble.Printing;
using DebugEventType = Waggle.Hubble.Protocol.Flows.DebugEventType;

namespace Waggle.Agent.Monitor;

/// <summary>A membership that changed, copied out of the ring buffer.</summary>
public readonly record struct MembershipNotice(Address Group, uint Slot, MembershipChange Change, MembershipCompat Protocol, ulong Timestamp);

/// <summary>A part of the agent that takes every event, quickly, on the reader's thread.</summary>
public interface IEventTap : IDatapathEventHandler
{
    /// <summary>The programs could not write this many events.</summary>
    void OnLost(ulong count);
}

/// <summary>Hands the programs' events to those who want them. A slow watcher loses events, counted; it never slows another.</summary>
public sealed class EventHub(IEnumerable<IEventTap> taps) : IDatapathEventHandler
{
    private readonly IEventTap[] _taps = [.. taps];
    private readonly Lock _lock = new();
    private Subscription[] _watchers = [];

    /// <summary>Memberships learnt by snooping; the handler runs on the reader's thread.</summary>
    public event Action<MembershipNotice>? Membership;

    public Subscription Watch()
    {
        var subscription = new Subscription(this);
        lock (_lock)
        {
            _watchers = [.. _watchers, subscription];
        }

        return subscription;
    }

    public void OnDrop(in DropEvent drop, ReadOnlySpan<byte> packet)
    {
        foreach (IEventTap tap in _taps)
        {
            tap.OnDrop(in drop, packet);
        }

        if (_watchers.Length > 0)
        {
            JsonObject json = Common("drop", in drop.Header, packet);
            json["reason"] = drop.Reason;
            json["reasonName"] = ((DropReason)drop.Reason).ToString();
            json["direction"] = ((TrafficDirection)drop.Direction).ToString().ToLowerInvariant();
            json["file"] = drop.File;
            json["line"] = drop.Line;
            json["rule"] = drop.Rule;
            Publish(json);
        }
    }

    public void OnTrace(in TraceEvent trace, ReadOnlySpan<byte> packet)
    {
        foreach (IEventTap tap in _taps)
        {
            tap.OnTrace(in trace, packet);
        }

        if (_watchers.Length > 0)
        {
            JsonObject json = Common("trace", in trace.Header, packet);
            json["point"] = Words(((TracePoint)trace.Point).ToString());
            json["targetIfindex"] = trace.TargetIfindex;
            json["reason"] = ((TraceReason)trace.Reason).ToString().ToLowerInvariant();
            if (trace.Reason != (byte)TraceReason.Unknown)
            {
                json["isReply"] = trace.IsReply != 0;
            }

            Publish(json);
        }
    }

    public void OnVerdict(in VerdictEvent verdict, ReadOnlySpan<byte> packet)
    {
        foreach (IEventTap tap in _taps)
        {
            tap.OnVerdict(in verdict, packet);
        }

        if (_watchers.Length > 0)
        {
            JsonObject json = Common("policy-verdict", in verdict.Header, packet);
            json["direction"] = ((TrafficDirection)verdict.Direction).ToString().ToLowerInvariant();
            json["action"] = ((PolicyAction)verdict.Action).ToString().ToLowerInvariant();
            json["match"] = Words(((PolicyMatch)verdict.Match).ToString());
            json["rule"] = verdict.Rule;
            json["shadowAction"] = ((PolicyAction)verdict.ShadowAction).ToString().ToLowerInvariant();
            json["shadowRule"] = verdict.ShadowRule;
            json["remoteIdentity"] = verdict.RemoteIdentity;
            json["protocol"] = verdict.Protocol;
            json["destinationPort"] = verdict.DestinationPort;
            Publish(json);
        }
    }

    public void OnMembership(in MembershipEvent membership)
    {
        foreach (IEventTap tap in _taps)
        {
            tap.OnMembership(in membership);
        }

        Membership?.Invoke(new MembershipNotice(
            membership.Group, membership.Slot, (MembershipChange)membership.Change, (MembershipCompat)membership.Compat, membership.Header.Timestamp));
        if (_watchers.Length > 0)
        {
            JsonObject json = Common("membership", in membership.Header, []);
            json["change"] = ((MembershipChange)membership.Change).ToString().ToLowerInvariant();
            json["group"] = membership.Group.ToString();
            json["protocol"] = ((MembershipCompat)membership.Compat).ToString().ToUpperInvariant();
            json["filter"] = ((FilterMode)membership.FilterMode).ToString().ToLowerInvariant();
            json["slot"] = membership.Slot;
            Publish(json);
        }
    }

    public void OnDebug(in DebugEvent debug)
    {
        foreach (IEventTap tap in _taps)
        {
            tap.OnDebug(in debug);
        }

        if (_watchers.Length > 0)
        {
            JsonObject json = Common("debug", in debug.Header, []);
            json["message"] = DebugTexts.Of((DebugEventType)debug.Message, debug.Arg1, debug.Arg2, debug.Arg3);
            json["kind"] = debug.Message;
            json["hash"] = debug.Hash;
            json["arguments"] = new JsonArray(debug.Arg1, debug.Arg2, debug.Arg3);
            Publish(json);
        }
    }

    /// <summary>Tells watchers that the programs lost events.</summary>
    internal void OnLost(ulong count)
    {
        foreach (IEventTap tap in _taps)
        {
            tap.OnLost(count);
        }

        string line = new JsonObject { ["type"] = "lost", ["count"] = count }.ToJsonString();
        foreach (Subscription watcher in _watchers)
        {
            watcher.Offer(line, events: (long)count);
        }
    }

    private static JsonObject Common(string type, in EventHeader header, ReadOnlySpan<byte> packet)
    {
        var json = new JsonObject
        {
            ["type"] = type, ["timestamp"] = header.Timestamp, ["cpu"] = header.Cpu, ["ifindex"] = header.Ifindex, ["endpoint"] = header.EndpointId,
            ["sourceIdentity"] = header.SourceIdentity, ["destinationIdentity"] = header.DestinationIdentity,
        };
        if (packet.Length > 0)
        {
            json["packet"] = Convert.ToBase64String(packet);
        }

        return json;
    }

    private void Publish(JsonObject json)
    {
        string line = json.ToJsonString();
        foreach (Subscription watcher in _watchers)
        {
            watcher.Offer(line);
        }
    }

    /// <summary>ToEndpoint → to-endpoint.</summary>
    private static string Words(string name) => string.Concat(name.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : c.ToString()));

    /// <summary>One watcher's queue of JSON lines.</summary>
    public sealed class Subscription : IDisposable
    {
        private readonly EventHub _hub;
        private readonly Channel<string> _lines = Channel.CreateBounded<string>(new BoundedChannelOptions(4096) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });
        private long _lost;

        internal Subscription(EventHub hub) => _hub = hub;

        public ChannelReader<string> Lines => _lines.Reader;

        /// <summary>Events this watcher was too slow for since the last question.</summary>
        public long TakeLost() => Interlocked.Exchange(ref _lost, 0);

        public void Dispose()
        {
            lock (_hub._lock)
            {
                _hub._watchers = [.. _hub._watchers.Where(w => w != this)];
            }
        }

        /// <param name="line">What happened.</param>
        /// <param name="events">How many events the watcher does not learn of if it has no room for the line.</param>
        internal void Offer(string line, long events = 1)
        {
            if (!_lines.Writer.TryWrite(line))
            {
                Interlocked.Add(ref _lost, events);
            }
        }
    }
}
