using System.Net;
using Waggle.Bpf;
using Waggle.Cli;
using Waggle.Hubble.Rpc;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Lab.Cluster;
using Waggle.Linux;

namespace Waggle.Commands;

/// <summary>What the layers below throw for expected failures, as the command line reports it.</summary>
internal static class Failures
{
    /// <summary>Null for anything unexpected.</summary>
    public static CliException? Explain(Exception exception) => exception switch
    {
        CliException already => already,
        KubeConfigException config => CliException.NotReachable(config.Message.TrimEnd('.'), "In a lab: run \"waggle lab shell\", or export KUBECONFIG=$(waggle lab kubeconfig).", config),
        KubeApiException { IsUnreachable: true } api => CliException.NotReachable(api.Message.TrimEnd('.'), "Is the lab running? \"waggle lab list\" tells.", api),
        KubeApiException { StatusCode: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden } api =>
            new CliException(api.Message.TrimEnd('.'), "Use a kubeconfig whose user may do this: inside a pod, the pod's own service account is used.", ExitCode.Failed, api),
        KubeApiException api => new CliException(api.Message.TrimEnd('.'), null, ExitCode.Failed, api),
        LabException lab => new CliException(lab.Message.TrimEnd('.'), null, ExitCode.Failed, lab),
        RpcException { Code: RpcStatusCode.Unavailable or RpcStatusCode.DeadlineExceeded } rpc =>
            CliException.NotReachable($"no Hubble server answers{(rpc.Target is { } target ? $" at {target}" : "")}: {rpc.Detail.TrimEnd('.')}", "Name it with --server. In a cluster: kubectl -n kube-system port-forward service/hubble-relay 4245:80; on a node, the agent's socket is taken.", rpc),
        RpcException { Code: RpcStatusCode.InvalidArgument } rpc => CliException.Usage(rpc.Detail),
        RpcException { Code: RpcStatusCode.Unimplemented } rpc => new CliException($"the server does not know this call: {rpc.Detail}", "It may be of another version, or a relay where an agent is needed.", ExitCode.Failed, rpc),
        RpcException rpc => new CliException($"the server refuses: {(rpc.Detail.Length > 0 ? rpc.Detail : rpc.Code.ToString())}", null, ExitCode.Failed, rpc),
        BpfException { Errno: Errno.EPERM or Errno.EACCES } denied => new CliException(denied.Message, "BPF needs root; inside an agent's container it is given.", ExitCode.Failed, denied),
        BpfException refused => new CliException(refused.Message, null, ExitCode.Failed, refused),
        LinuxException refused => new CliException(refused.Message, null, ExitCode.Failed, refused),
        _ => null,
    };
}
