using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Hubble;
using Waggle.Agent.Routing;
using Waggle.Agent.Startup;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Capturing;
using Waggle.Hubble.Recording;
using Waggle.Hubble.Rpc;

namespace Waggle.Agent.HubbleOutlets;

/// <summary>
/// Whole packets for recordings: puts <see cref="DeviceCapture"/> in front of the programs while somebody records, on every pod's device
/// and the node's own, and on those of pods that come meanwhile. Where the kernel cannot (before 6.6), events serve, as
/// <see cref="RecorderTap"/> offers them.
/// </summary>
internal sealed partial class CaptureService(
    PacketRecorder recorder, EndpointTable endpoints, NodeDevices devices, Readiness readiness, TimeProvider time, ILogger<CaptureService> logger) : BackgroundService, IPacketSource
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);
    private readonly FlowClock _clock = new();
    private readonly SemaphoreSlim _gate = new(1, 1);
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
            DeviceCapture? capture = _capture ?? Begin();
            capture?.SetRules([.. rules.Select(RowOf)], snapLength);
            AttachAll();
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
        _capture?.Dispose();
        _stopReading?.Dispose();
        _gate.Dispose();
        base.Dispose();
    }

    /// <summary>While somebody records: pods that come and go, and losses.</summary>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Look, time, stoppingToken).ConfigureAwait(false);
                if (!Active)
                {
                    continue;
                }

                await _gate.WaitAsync(stoppingToken).ConfigureAwait(false);
                try
                {
                    AttachAll();
                    TellLosses();
                }
                finally
                {
                    _gate.Release();
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

    private DeviceCapture? Begin()
    {
        DeviceCapture? capture = null;
        try
        {
            capture = DeviceCapture.Load((packet, length, at) => recorder.Offer(packet, length, _clock.UnixNs(at)));
            // The kernel says whether it has tcx when the first program is attached.
            capture.Attach(devices.HostIndex, incoming: false, outgoing: true);
        }
        catch (BpfException e)
        {
            capture?.Dispose();
            LogCannot(e.Message);
            return null;
        }

        _told = default;
        _stopReading = new CancellationTokenSource();
        _reading = capture.RunAsync(_stopReading.Token);
        Volatile.Write(ref _capture, capture);
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
        capture.Dispose();
        _stopReading.Dispose();
        _stopReading = null;
        LogEnded();
    }

    private void AttachAll()
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
                capture.Attach(pod, incoming: true, outgoing: true);
            }

            capture.Attach(devices.UplinkIndex, incoming: true, outgoing: true);
            if (devices.OverlayIndex > 0)
            {
                capture.Attach(devices.OverlayIndex, incoming: true, outgoing: false);
            }
        }
        catch (BpfException e)
        {
            LogCannot(e.Message);
        }

        foreach (int gone in capture.Devices.Where(d => !pods.Contains(d) && d != devices.HostIndex && d != devices.UplinkIndex && d != devices.OverlayIndex).ToArray())
        {
            capture.Detach(gone);
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
}
