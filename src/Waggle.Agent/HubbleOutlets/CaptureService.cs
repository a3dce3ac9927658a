using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Hubble;
using Waggle.Agent.Routing;
using Waggle.Agent.Startup;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Attaching;
using Waggle.Datapath.Capturing;
using Waggle.Hubble.Recording;
using Waggle.Hubble.Rpc;
using Waggle.Netlink;

namespace Waggle.Agent.HubbleOutlets;

/// <summary>
/// Whole packets for recordings: puts <see cref="DeviceCapture"/> in front of the programs while somebody records, on every pod's device
/// and the node's own, and on those of pods that come meanwhile. Where they cannot be put there, events serve, as <see cref="RecorderTap"/>
/// offers them. While nobody records, it sleeps.
/// </summary>
internal sealed partial class CaptureService(
    PacketRecorder recorder, EndpointTable endpoints, NodeDevices devices, Attachments attachments, Rtnl rtnl, Readiness readiness, TimeProvider time, ILogger<CaptureService> logger) : BackgroundService, IPacketSource
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private readonly FlowClock _clock = new();
    private readonly SemaphoreSlim _gate = new(1, 1), _begun = new(0);
    private DeviceCapture? _capture;
    private Task _reading = Task.CompletedTask;
    private CancellationTokenSource? _stopReading;
    private (ulong Packets, ulong Bytes) _told;

    /// <summary>Whether packets come from here, and not from events.</summary>
    public bool Active => Volatile.Read(ref _capture) is not null;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        recorder.Source = this;
        return base.StartAsync(cancellationToken);
    }

    public async Task ApplyAsync(IReadOnlyList<RecordingRule> rules, uint snapLength, CancellationToken cancellation)
    {
        if (rules.Count > DeviceCapture.MaxRules)
        {
            throw new RpcException(RpcStatusCode.ResourceExhausted, $"include: {rules.Count} filters of all recordings on this node are more than the limit of {DeviceCapture.MaxRules}; end another recording or use shorter prefixes");
        }

        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (rules.Count == 0)
            {
                await EndAsync().ConfigureAwait(false);
                return;
            }

            await readiness.Datapath.WaitAsync(cancellation).ConfigureAwait(false);
            DeviceCapture? capture = _capture ?? await BeginAsync(cancellation).ConfigureAwait(false);
            capture?.SetRules([.. rules.Select(RowOf)], snapLength);
            await AttachAllAsync().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Flush()
    {
        _capture?.Flush();
        TellLosses();
    }

    public override void Dispose()
    {
        _stopReading?.Dispose();
        _gate.Dispose();
        _begun.Dispose();
        base.Dispose();
    }

    /// <summary>While somebody records: pods that come and go, and losses.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await readiness.Datapath.WaitAsync(stoppingToken).ConfigureAwait(false);
            if (attachments.Mode == AttachMode.Clsact)
            {
                await SweepAsync(stoppingToken).ConfigureAwait(false);
            }

            while (true)
            {
                await _begun.WaitAsync(stoppingToken).ConfigureAwait(false);
                while (Active)
                {
                    await Task.Delay(Look, time, stoppingToken).ConfigureAwait(false);
                    await LookAsync(stoppingToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            await _gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            await EndAsync().ConfigureAwait(false);
            _gate.Release();
        }
    }

    private async Task LookAsync(CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await AttachAllAsync().ConfigureAwait(false);
            TellLosses();
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task SweepAsync(CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            // A recording that has begun already has swept the place itself by taking it.
            if (!Active && await DeviceCapture.SweepAsync(rtnl, cancellation).ConfigureAwait(false) is > 0 and var left)
            {
                LogSwept(left);
            }
        }
        catch (NetlinkException e)
        {
            LogCannot(e.Message);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<DeviceCapture?> BeginAsync(CancellationToken cancellation)
    {
        DeviceCapture? capture = null;
        try
        {
            capture = DeviceCapture.Load((packet, length, at) => recorder.Offer(packet, length, _clock.UnixNs(at)), attachments.Mode == AttachMode.Clsact ? rtnl : null);
            // The kernel says whether it can when the first program is attached.
            await capture.AttachAsync(devices.HostIndex, incoming: false, outgoing: true, cancellation).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            if (capture is not null)
            {
                await capture.DisposeAsync().ConfigureAwait(false);
            }

            if (e is not (BpfException or NetlinkException))
            {
                throw;
            }

            LogCannot(e.Message);
            return null;
        }

        _told = default;
        _stopReading = new CancellationTokenSource();
        _reading = capture.RunAsync(_stopReading.Token);
        Volatile.Write(ref _capture, capture);
        _begun.Release();
        LogBegun();
        return capture;
    }

    private async Task EndAsync()
    {
        if (_capture is not { } capture)
        {
            return;
        }

        Volatile.Write(ref _capture, null);
        await _stopReading!.CancelAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(false);
        try
        {
            await capture.DisposeAsync().ConfigureAwait(false);
        }
        catch (NetlinkException e)
        {
            LogCannot(e.Message);
        }

        _stopReading.Dispose();
        _stopReading = null;
        LogEnded();
    }

    private async Task AttachAllAsync()
    {
        if (_capture is not { } capture)
        {
            return;
        }

        HashSet<int> pods = [.. endpoints.View.All().Select(row => row.State.HostIfindex)];
        try
        {
            foreach (int pod in pods)
            {
                await capture.AttachAsync(pod, incoming: true, outgoing: true).ConfigureAwait(false);
            }

            await capture.AttachAsync(devices.UplinkIndex, incoming: true, outgoing: true).ConfigureAwait(false);
            if (devices.OverlayIndex > 0)
            {
                await capture.AttachAsync(devices.OverlayIndex, incoming: true, outgoing: false).ConfigureAwait(false);
            }

            foreach (int gone in capture.Devices.Where(d => !pods.Contains(d) && d != devices.HostIndex && d != devices.UplinkIndex && d != devices.OverlayIndex).ToArray())
            {
                await capture.DetachAsync(gone).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is BpfException or NetlinkException)
        {
            LogCannot(e.Message);
        }
    }

    private void TellLosses()
    {
        if (_capture?.Losses() is { } now && now.Packets > _told.Packets)
        {
            recorder.OfferLoss(now.Packets - _told.Packets, now.Bytes - _told.Bytes);
            _told = now;
        }
    }

    private static CaptureRule RowOf(RecordingRule rule) => new()
    {
        Source = Address.From(rule.Source.ToIPAddress()), SourceLength = rule.SourceLength, SourcePort = rule.SourcePort,
        Destination = Address.From(rule.Destination.ToIPAddress()), DestinationLength = rule.DestinationLength, DestinationPort = rule.DestinationPort,
        Protocol = rule.Protocol,
    };

    [LoggerMessage(1141, LogLevel.Information, "somebody records: the programs take packets")]
    private partial void LogBegun();

    [LoggerMessage(1142, LogLevel.Information, "nobody records any more")]
    private partial void LogEnded();

    [LoggerMessage(1143, LogLevel.Warning, "packets cannot be taken at the devices, recordings get what events carry: {Problem}")]
    private partial void LogCannot(string problem);

    [LoggerMessage(1144, LogLevel.Information, "{Count} programs of a recording that was cut off are gone")]
    private partial void LogSwept(int count);
}
