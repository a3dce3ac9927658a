using System.Text;

namespace Waggle.Lab.Scenarios.Multicast;

/// <summary>The exam: a new group, a listener on port 1234, a secret message; the answers are its text and its sender.</summary>
internal static class ExamAct
{
    public static async Task PlayAsync(Stage stage)
    {
        stage.Heading("The exam: 225.0.0.50:1234");
        await stage.TypeAsync("kubectl apply -f exam.yaml").ConfigureAwait(false);
        await stage.TypeAsync("kubectl run exam-listener --image nicolaka/netshoot -- \\\n  socat -u UDP4-RECVFROM:1234,reuseaddr,ip-add-membership=225.0.0.50:0.0.0.0,fork -").ConfigureAwait(false);
        var secret = $"the bees dance at {Guid.NewGuid():N}";
        var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(secret + "\n"));
        await stage.RunAsync("kubectl run exam-sender --image nicolaka/netshoot --command -- sleep infinity; kubectl wait --for=condition=Ready pod/exam-sender pod/exam-listener --timeout=60s").ConfigureAwait(false);
        await stage.RunAsync($"kubectl create secret generic exam --from-literal=message='{secret}'").ConfigureAwait(false);
        // The ships still listen: what `kubectl exec` started in a pod goes on when its terminal is closed.
        var listeners = new Dictionary<string, string[]>(Battle.Listeners) { ["exam-listener"] = ["225.0.0.50"] };
        await stage.CheckTablesAsync([.. Battle.Groups, "225.0.0.50"], listeners, "the exam").ConfigureAwait(false);

        // The "Check button": the message leaves from a pod that the listener knows nothing of.
        var sent = await stage.RunAsync($"echo {encoded} | base64 -d | kubectl exec -i exam-sender -- socat -u - UDP4-DATAGRAM:225.0.0.50:1234").ConfigureAwait(false);
        stage.Report.Check(sent.Ok, "the secret message is sent", sent.ToString());
        await stage.WaitForAsync("kubectl logs exam-listener", r => r.Output.Length > 0, 10).ConfigureAwait(false);
        var heard = await stage.TypeAsync("kubectl logs exam-listener").ConfigureAwait(false);
        var answer = await stage.TypeAsync("kubectl get secret exam -o jsonpath='{.data.message}' | base64 -d").ConfigureAwait(false);
        stage.Report.Check(heard.Output.Trim() == secret && answer.Output.Trim() == secret, "answer 1: the listener heard the secret message", heard.ToString());
        var metrics = await stage.TypeAsync(
            "for pod in $(kubectl -n kube-system get po -l k8s-app=cilium -o name); do\n  kubectl -n kube-system exec $pod -c cilium-agent -- curl -s http://localhost:9962/metrics\ndone | grep '^cilium_multicast_sent_packets_total{.*225.0.0.50'").ConfigureAwait(false);
        stage.Report.Check(metrics.Lines.Length == 1 && metrics.Output.Contains("exam-sender"), "answer 2: the metrics name the sender", metrics.ToString());
    }
}
