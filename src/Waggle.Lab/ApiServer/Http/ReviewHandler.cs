using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Waggle.Lab.ApiServer;

/// <summary>The questions "may I?" and "who am I?": authorization.k8s.io and authentication.k8s.io. Nothing is stored.</summary>
internal sealed class ReviewHandler(ApiServerRuntime runtime)
{
    public async Task HandleAsync(HttpContext context, UserInfo user, RequestPath path)
    {
        if (context.Request.Method != "POST")
        {
            throw ApiException.MethodNotAllowed();
        }
        var body = await RequestBody.ReadObjectAsync(context, runtime.Options.MaxRequestBytes, null);
        var spec = J.Obj(body, "spec") ?? [];
        body["metadata"] ??= new JsonObject();
        switch (path.Resource)
        {
            case "selfsubjectaccessreviews":
                body["status"] = Decide(user, spec);
                break;
            case "subjectaccessreviews" or "localsubjectaccessreviews":
                var subject = new UserInfo(J.Str(spec, "user") ?? "", [.. (J.Arr(spec, "groups") ?? []).Select(g => J.Text(g) ?? "")]);
                body["status"] = Decide(subject, spec);
                break;
            case "selfsubjectrulesreviews":
                body["status"] = Rules(user, J.Str(spec, "namespace"));
                break;
            case "selfsubjectreviews":
                body["status"] = new JsonObject { ["userInfo"] = Describe(user) };
                break;
            case "tokenreviews":
                var token = J.Str(spec, "token") ?? "";
                var found = runtime.Tokens.Validate(token);
                body["status"] = found is null ? new JsonObject { ["authenticated"] = false, ["error"] = "the token is not valid" } : new JsonObject { ["authenticated"] = true, ["user"] = Describe(found) };
                break;
            default:
                throw ApiException.PathNotFound();
        }
        await Responses.WriteAsync(context, 201, body);
    }

    private JsonObject Decide(UserInfo user, JsonObject spec)
    {
        var resource = J.Obj(spec, "resourceAttributes");
        var other = J.Obj(spec, "nonResourceAttributes");
        var attributes = new AccessAttributes(user, J.Str(resource ?? other, "verb") ?? "", J.Str(resource, "group"), J.Str(resource, "resource"), J.Str(resource, "subresource"), J.Str(resource, "namespace"), J.Str(resource, "name"), J.Str(other, "path"));
        var refusal = runtime.Authorizer.Refuse(attributes);
        return refusal switch
        {
            null => new JsonObject { ["allowed"] = true },
            "" => new JsonObject { ["allowed"] = false },
            _ => new JsonObject { ["allowed"] = false, ["reason"] = refusal },
        };
    }

    private JsonObject Rules(UserInfo user, string? @namespace)
    {
        var everything = user.IsAdmin ? BootstrapRoles.All().First().Rules.OfType<JsonObject>() : runtime.Rbac.RulesFor(user, @namespace);
        var status = new JsonObject { ["resourceRules"] = new JsonArray(), ["nonResourceRules"] = new JsonArray(), ["incomplete"] = false };
        foreach (var rule in everything)
        {
            ((JsonArray)status[rule["nonResourceURLs"] is null ? "resourceRules" : "nonResourceRules"]!).Add(rule.DeepClone());
        }
        return status;
    }

    private static JsonObject Describe(UserInfo user)
    {
        var result = new JsonObject { ["username"] = user.Name };
        if (user.Uid is not null)
        {
            result["uid"] = user.Uid;
        }
        result["groups"] = J.Strings(user.Groups);
        return result;
    }
}
