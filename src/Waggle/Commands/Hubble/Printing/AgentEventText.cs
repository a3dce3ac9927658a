using System.Globalization;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Commands.Hubble.Printing;

/// <summary>The DETAILS column of agent events.</summary>
internal static class AgentEventText
{
    public static string Of(AgentEvent happened, Func<Timestamp?, string> time) => happened.NotificationCase switch
    {
        AgentEvent.NotificationOneofCase.Unknown => $"type: {happened.Unknown.Type}, notification: {happened.Unknown.Notification}",
        AgentEvent.NotificationOneofCase.AgentStart => $"start time: {time(happened.AgentStart.Time)}",
        AgentEvent.NotificationOneofCase.PolicyUpdate => Text($"labels: [{string.Join(',', happened.PolicyUpdate.Labels)}], revision: {happened.PolicyUpdate.Revision}, count: {happened.PolicyUpdate.RuleCount}"),
        AgentEvent.NotificationOneofCase.EndpointRegenerate => Text($"id: {happened.EndpointRegenerate.Id}, labels: [{string.Join(',', happened.EndpointRegenerate.Labels)}]") + Optional("error", happened.EndpointRegenerate.Error),
        AgentEvent.NotificationOneofCase.EndpointUpdate => Text($"id: {happened.EndpointUpdate.Id}") + Optional("namespace", happened.EndpointUpdate.Namespace) + Optional("pod name", happened.EndpointUpdate.PodName),
        AgentEvent.NotificationOneofCase.IpcacheUpdate => Addresses(happened.IpcacheUpdate),
        AgentEvent.NotificationOneofCase.ServiceUpsert => Service(happened.ServiceUpsert),
        AgentEvent.NotificationOneofCase.ServiceDelete => Text($"id: {happened.ServiceDelete.Id}"),
        _ => "UNKNOWN",
    };

    private static string Addresses(IPCacheNotification entry)
    {
        var text = new StringBuilder(Text($"cidr: {entry.Cidr}, identity: {entry.Identity}"));
        if (entry.OldIdentity is { } old)
        {
            text.Append(CultureInfo.InvariantCulture, $", old identity: {old}");
        }

        return text.Append(Optional("host ip", entry.HostIp)).Append(Optional("old host ip", entry.OldHostIp)).Append(CultureInfo.InvariantCulture, $", encrypt key: {entry.EncryptKey}").ToString();
    }

    private static string Service(ServiceUpsertNotification service)
    {
        var text = new StringBuilder(Text($"id: {service.Id}"));
        if (service.FrontendAddress is { } frontend)
        {
            text.Append(", frontend: ").Append(Socket(frontend));
        }

        if (service.BackendAddresses.Count > 0)
        {
            text.Append($", backends: [{string.Join(',', service.BackendAddresses.Select(Socket))}]");
        }

        var policy = service.ExtTrafficPolicy.Length > 0 ? service.ExtTrafficPolicy : service.IntTrafficPolicy;
        return text.Append(Optional("type", service.Type)).Append(Optional("traffic policy", policy)).Append(Optional("namespace", service.Namespace)).Append(Optional("name", service.Name)).ToString();
    }

    private static string Socket(ServiceUpsertNotificationAddr address) => Text(address.Ip.Contains(':') ? (FormattableString)$"[{address.Ip}]:{address.Port}" : $"{address.Ip}:{address.Port}");

    private static string Optional(string name, string value) => value.Length > 0 ? $", {name}: {value}" : "";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
