/** Who may come in: people, invitations, and joining by one. */
export const people = {
  "people.title": "People",
  "people.lead": "Who may come in, and as what. Changes hold at once.",
  "people.invite": "Invite",
  "people.you": "You",
  "people.added": "Added",
  "people.role_of": "Role of {who}",
  "people.own_role": "Another owner can change your role or remove you.",
  "people.owners_only": "Only owners see this page",
  "people.owners_only_body": "Ask an owner when somebody should come in, go, or be something else.",

  "people.make.owner": "Make {who} an owner?",
  "people.make.member": "Make {who} a member?",
  "people.make_body.owner":
    "They see and manage every app, config values included, and invite and remove people.",
  "people.make_body.member":
    "They keep their own apps and see no others. Invitations that they made stop working.",
  "people.make_submit.owner": "Make owner",
  "people.make_submit.member": "Make member",

  "people.remove": "Remove",
  "people.remove_who": "Remove {who}",
  "people.remove_title": "Remove {who}?",
  "people.remove_body":
    "Their sessions, API tokens, sign-in links and invitations end at once. Their apps become yours and go on running. What they did keeps their name.",
  "people.remove_confirm": "Type {email} to go on",

  "people.may": "What roles may do",
  "people.may.owner":
    "Sees and manages every app and its config values, sees all activity, and invites, changes and removes people.",
  "people.may.member":
    "Makes apps and manages their own: deployments, config, domains and logs. Sees neither other people’s apps nor this page. Has API tokens for all of it but administration.",

  "invitations.title": "Open invitations",
  "invitations.hint": "A link works once. It ends with time, or when who made it is no owner any more.",
  "invitations.empty": "No invitation is open.",
  "invitations.anybody": "Anybody with the link",
  "invitations.by": "By {who}",
  "invitations.expires": "Expires {when}",
  "invitations.revoke": "Revoke",
  "invitations.revoke_who": "Revoke the invitation for {who}",
  "invitations.revoke_anybody": "Revoke the invitation for anybody with the link",
  "invitations.new": "Invite somebody",
  "invitations.new_body": "You get a link to hand on; no mail is sent. It works once, within 7 days.",
  "invitations.role": "Role",
  "invitations.email_hint": "If given, the link is good for this address only.",
  "invitations.submit": "Make link",
  "invitations.made": "The link is ready",
  "invitations.made_for.owner": "It makes one owner.",
  "invitations.made_for.member": "It makes one member.",
  "invitations.made_only": "It is for {email}.",
  "invitations.made_until": "It works once, until {when}.",
  "invitations.once": "Copy it now: it is never shown again.",
  "invitations.copy": "Copy link",
  "invitations.done": "Done",

  "join.title": "Join",
  "join.lead.owner": "{who} invites you as an owner: you will see and manage every app.",
  "join.lead.member": "{who} invites you as a member: you will make and manage apps of your own.",
  "join.submit": "Join and sign in",
  "join.fixed_email": "The invitation is for this address.",
  "join.no_token_title": "Open the invitation’s link",
  "join.no_token_body":
    "The link you were given is needed whole, with all that stands behind the question mark.",
  "join.gone_title": "This link does not work",
  "join.gone_body":
    "An invitation works once, and for 7 days. Ask whoever invited you for a new one, or sign in if you have joined already.",
} as const;
