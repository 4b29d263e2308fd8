import type { people as english } from "../en/people";
import { translationOf } from "../translation";

/** 人员、邀请与加入。 */
export const people = translationOf<typeof english>()({
  "people.title": "人员",
  "people.lead": "谁可以进来、以什么身份。更改立即生效。",
  "people.invite": "邀请",
  "people.you": "你",
  "people.added": "添加于",
  "people.role_of": "{who} 的角色",
  "people.own_role": "只有其他所有者才能更改你的角色或移除你。",
  "people.owners_only": "只有所有者才能看到此页面",
  "people.owners_only_body": "如果有人需要加入、离开或更换角色，联系一位所有者。",

  "people.make.owner": "将 {who} 设为所有者？",
  "people.make.member": "将 {who} 设为成员？",
  "people.make_body.owner": "对方可以查看和管理所有应用（包括配置的值），并可邀请和移除人员。",
  "people.make_body.member": "对方保留自己的应用，看不到其他应用。对方发出的邀请将失效。",
  "people.make_submit.owner": "设为所有者",
  "people.make_submit.member": "设为成员",

  "people.remove": "移除",
  "people.remove_who": "移除 {who}",
  "people.remove_title": "移除 {who}？",
  "people.remove_body":
    "对方的会话、API 令牌、登录链接和邀请会立即失效。对方的应用归你所有并继续运行。对方做过的事仍保留其名字。",
  "people.remove_confirm": "输入 {email} 以继续",

  "people.may": "各角色的权限",
  "people.may.owner": "查看和管理所有应用及其配置的值，查看全部动态，邀请、更改和移除人员。",
  "people.may.member":
    "创建应用并管理自己的应用：部署、配置、域名和日志。看不到他人的应用，也看不到此页面。可以拥有除管理以外全部权限的 API 令牌。",

  "invitations.title": "未使用的邀请",
  "invitations.hint": "链接只能使用一次。到期，或创建者不再是所有者时，链接即失效。",
  "invitations.empty": "没有未使用的邀请。",
  "invitations.anybody": "任何持有链接的人",
  "invitations.by": "由 {who} 邀请",
  "invitations.expires": "{when} 过期",
  "invitations.revoke": "撤销",
  "invitations.revoke_who": "撤销给 {who} 的邀请",
  "invitations.revoke_anybody": "撤销给任何持有链接的人的邀请",
  "invitations.new": "邀请新人",
  "invitations.new_body": "你会得到一个可以转交的链接；系统不会发送邮件。链接 7 天内有效，只能使用一次。",
  "invitations.role": "角色",
  "invitations.email_hint": "如果填写，链接只对该邮箱有效。",
  "invitations.submit": "生成链接",
  "invitations.made": "链接已生成",
  "invitations.made_for.owner": "使用者将成为所有者。",
  "invitations.made_for.member": "使用者将成为成员。",
  "invitations.made_only": "仅限 {email} 使用。",
  "invitations.made_until": "只能使用一次，有效至 {when}。",
  "invitations.once": "现在就复制：它不会再次显示。",
  "invitations.copy": "复制链接",
  "invitations.done": "完成",

  "join.title": "加入",
  "join.lead.owner": "{who} 邀请你成为所有者：你可以查看和管理所有应用。",
  "join.lead.member": "{who} 邀请你成为成员：你可以创建和管理自己的应用。",
  "join.submit": "加入并登录",
  "join.fixed_email": "此邀请仅限该邮箱使用。",
  "join.no_token_title": "打开邀请链接",
  "join.no_token_body": "需要完整的邀请链接，问号后面的部分也要保留。",
  "join.gone_title": "此链接无效",
  "join.gone_body": "邀请只能使用一次，有效期为 7 天。向邀请你的人索取新的链接；如果已经加入，直接登录即可。",
});
